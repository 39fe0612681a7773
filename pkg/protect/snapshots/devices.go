package snapshots

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// volumesFilter is how many values one filter takes.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
const volumesFilter = 200

// devices fills in where the volumes of snapshots that were taken here are attached
// now. A copy says it in a tag; no tag of a call that snapshots several volumes can.
// Of a volume that is gone nobody knows: its points stay without a device.
func devices(ctx context.Context, client ec2.DescribeVolumesAPIClient, points []lineage.Point) error {
	var ids []string
	for _, p := range points {
		if p.Device == "" && p.Origin != "" && !slices.Contains(ids, p.Origin) {
			ids = append(ids, p.Origin)
		}
	}
	at := map[string]string{}
	for some := range slices.Chunk(ids, volumesFilter) {
		pages := ec2.NewDescribeVolumesPaginator(client, &ec2.DescribeVolumesInput{Filters: []types.Filter{tagged.Filter("volume-id", some...)}})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return fmt.Errorf("look where %d volumes are attached: %w", len(ids), err)
			}
			for _, v := range page.Volumes {
				if len(v.Attachments) > 0 {
					at[aws.ToString(v.VolumeId)] = aws.ToString(v.Attachments[0].Device)
				}
			}
		}
	}
	for i := range points {
		if points[i].Device == "" {
			points[i].Device = at[points[i].Origin]
		}
	}
	return nil
}
