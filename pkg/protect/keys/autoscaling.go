package keys

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asg "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
)

// Launches says, before a policy's launch template and parameter are turned to an
// image, why Auto Scaling could launch nothing from it. A group launches in its
// service-linked role, which may use AWS's own key and no other until the key's
// policy or a grant says so. Nothing else would tell until the day that the group
// has to launch: with an error, nothing should be turned, and a later pass asks
// again. Where the key does not let us see who may use it, that is announced.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func (k *Keys) Launches(ctx context.Context, pass protect.Pass, image lineage.Point) (announced []string, err error) {
	groups, err := k.groups(ctx, pass)
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	used, err := k.keysOfParts(ctx, pass.To, image.Parts)
	if err != nil {
		return nil, fmt.Errorf("read the keys of %s: %w", image.ID, err)
	}
	var failed []error
	for _, key := range used {
		doubts, err := k.launches(ctx, pass, key, groups, image.ID)
		announced, failed = append(announced, doubts...), append(failed, err)
	}
	for _, text := range announced {
		slog.Warn("keys of images", "plan", pass.Plan, "policy", pass.Policy.Name, "region", pass.To.Region, "reason", text)
	}
	return announced, errors.Join(failed...)
}

// launches holds one key of an image against the roles of groups.
func (k *Keys) launches(ctx context.Context, pass protect.Pass, id string, groups map[string]string, image string) (doubts []string, err error) {
	p := Problem{Side: Destination, Region: pass.To.Region, Key: id, Sure: true}
	v := k.vault(pass.To)
	out, err := v.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(id)})
	if failure.Code(err) == denied {
		p.What, p.Do = "whether Auto Scaling could launch anything from "+image+" cannot be told: "+err.Error(), pointed
		return []string{p.Error()}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describe key %s of %s: %w", id, image, err)
	}
	if p.What, p.Do = wrong(out.KeyMetadata, p.Region, "EBS"); p.What != "" {
		p.What += ", and nothing could be launched from " + image
		return nil, p
	}
	if out.KeyMetadata.KeyManager == types.KeyManagerTypeAws {
		return nil, nil
	}
	var failed []error
	for _, role := range slices.Sorted(maps.Keys(groups)) {
		may, err := admits(ctx, v, id, role)
		switch {
		case failure.Code(err) == denied:
			p.What, p.Do = fmt.Sprintf("whether %s may use it, which launches in Auto Scaling group %s, cannot be told: %v", role, groups[role], err), pointed
			doubts = append(doubts, p.Error())
		case err != nil:
			failed = append(failed, fmt.Errorf("ask whether %s may use key %s of %s: %w", role, id, image, err))
		case !may:
			p.What = fmt.Sprintf("Auto Scaling group %s could launch nothing from %s, because %s may not use it", groups[role], image, role)
			p.Do = fmt.Sprintf("grant it: aws kms create-grant --key-id %s --region %s --grantee-principal %s --operations %s (%s)",
				id, p.Region, role, strings.Join(operations, " "), "or say the same in the key's policy; until then what names an older image stays as it is")
			failed = append(failed, p)
		}
	}
	return doubts, errors.Join(failed...)
}

// denied is KMS's code for what its caller may not do.
const denied = "AccessDeniedException"

// pointed is what to do about a doubt.
const pointed = "the image is put into service all the same; let this function describe the key, list its grants and read its policy"

// groups are Auto Scaling groups that launch what the policy points, by the
// service-linked role that they launch in: one group a role.
func (k *Keys) groups(ctx context.Context, pass protect.Pass) (map[string]string, error) {
	cfg := access.At(k.cfg, pass.To)
	var all []asg.AutoScalingGroup
	pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(autoscaling.NewFromConfig(cfg), &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: aws.Int32(100)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the Auto Scaling groups in %s: %w", cfg.Region, err)
		}
		all = append(all, page.AutoScalingGroups...)
	}
	at := pass.Policy.Point
	ours := map[string]bool{at.LaunchTemplate: at.LaunchTemplate != ""}
	if at.Parameter != "" && len(all) > 0 {
		if err := resolving(ctx, ec2.NewFromConfig(cfg), at.Parameter, ours); err != nil {
			return nil, fmt.Errorf("list the launch templates in %s: %w", cfg.Region, err)
		}
	}
	found := map[string]string{}
	for _, group := range all {
		if slices.ContainsFunc(templates(group), func(template string) bool { return ours[template] }) {
			found[aws.ToString(group.ServiceLinkedRoleARN)] = aws.ToString(group.AutoScalingGroupName)
		}
	}
	return found, nil
}

// resolving adds the launch templates whose image is what a parameter holds, maybe
// of a version or a label of it.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html
func resolving(ctx context.Context, region ec2.DescribeLaunchTemplateVersionsAPIClient, parameter string, ours map[string]bool) error {
	pages := ec2.NewDescribeLaunchTemplateVersionsPaginator(region, &ec2.DescribeLaunchTemplateVersionsInput{Versions: []string{"$Default", "$Latest"}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, v := range page.LaunchTemplateVersions {
			if v.LaunchTemplateData == nil {
				continue
			}
			name, ok := strings.CutPrefix(aws.ToString(v.LaunchTemplateData.ImageId), "resolve:ssm:")
			if name, _, _ = strings.Cut(name, ":"); ok && name == parameter {
				ours[aws.ToString(v.LaunchTemplateName)] = true
			}
		}
	}
	return nil
}

// templates are the names of the launch templates that a group launches from.
func templates(group asg.AutoScalingGroup) []string {
	specs := []*asg.LaunchTemplateSpecification{group.LaunchTemplate}
	if mixed := group.MixedInstancesPolicy; mixed != nil && mixed.LaunchTemplate != nil {
		specs = append(specs, mixed.LaunchTemplate.LaunchTemplateSpecification)
		for _, override := range mixed.LaunchTemplate.Overrides {
			specs = append(specs, override.LaunchTemplateSpecification)
		}
	}
	var named []string
	for _, spec := range specs {
		if spec != nil {
			named = append(named, aws.ToString(spec.LaunchTemplateName))
		}
	}
	return named
}

// keysOfParts are the keys that an image's snapshots are encrypted with, each once.
func (k *Keys) keysOfParts(ctx context.Context, at protect.Site, parts []string) ([]string, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	out, err := k.disks(at).DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: parts})
	if err != nil {
		return nil, err
	}
	var used []string
	for _, s := range out.Snapshots {
		if key := aws.ToString(s.KmsKeyId); key != "" {
			used = append(used, key)
		}
	}
	slices.Sort(used)
	return slices.Compact(used), nil
}
