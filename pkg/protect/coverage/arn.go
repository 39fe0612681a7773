package coverage

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

// parse reads what a tagged resource is from its ARN; false: nothing that a policy
// can name. S3 alone has no type in its ARNs, and buckets alone no region.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
func parse(resource taggingtypes.ResourceTagMapping) (Named, bool) {
	a, err := arn.Parse(aws.ToString(resource.ResourceARN))
	if err != nil {
		return Named{}, false
	}
	thing := Named{Tags: map[string]string{}}
	for _, tag := range resource.Tags {
		thing.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	var ok bool
	switch a.Service {
	case "rds":
		thing.Kind = Instance
		if thing.Name, ok = strings.CutPrefix(a.Resource, "db:"); !ok {
			thing.Kind = Cluster
			thing.Name, ok = strings.CutPrefix(a.Resource, "cluster:")
		}
	case "s3":
		thing.Kind, thing.Name = Bucket, a.Resource
		ok = a.Region == "" && !strings.Contains(a.Resource, "/")
	case "dynamodb":
		thing.Kind = Table
		thing.Name, ok = strings.CutPrefix(a.Resource, "table/")
		ok = ok && !strings.Contains(thing.Name, "/") // an index, a stream or a backup of one
	}
	return thing, ok
}
