package inventory

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// mappings are the event sources of functions, on or off.
func (r reader) mappings(ctx context.Context) error {
	client := lambda.NewFromConfig(r.cfg)
	pages := lambda.NewListEventSourceMappingsPaginator(client, &lambda.ListEventSourceMappingsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, m := range page.EventSourceMappings {
			tagged, err := client.ListTags(ctx, &lambda.ListTagsInput{Resource: m.EventSourceMappingArn})
			if err != nil {
				return err
			}
			r.note("event source mapping", m.UUID, "%s from %s%s", aws.ToString(m.State), aws.ToString(m.EventSourceArn), tags(tagged.Tags))
		}
	}
	return nil
}
