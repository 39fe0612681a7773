package keys

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asg "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// launches checks that Auto Scaling can launch what will be encrypted with the key,
// where a group launches from the template that the policy points. It launches in
// its service-linked role, which may use AWS's own key and no other until the key's
// policy or a grant says so. The copy itself would succeed: it is begun.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func (l *look) launches(ctx context.Context, v vault, s side, key *types.KeyMetadata) {
	at := l.pass.Policy.Point
	if at == nil || at.LaunchTemplate == "" || l.pass.To.Region != l.pass.Recovery || key.KeyManager == types.KeyManagerTypeAws {
		return
	}
	pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(l.groups(l.pass.To), &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: aws.Int32(100)})
	asked := map[string]bool{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			l.unknown(s, fmt.Errorf("list the Auto Scaling groups: %w", err))
			return
		}
		for _, group := range page.AutoScalingGroups {
			role := aws.ToString(group.ServiceLinkedRoleARN)
			if !slices.Contains(templates(group), at.LaunchTemplate) || asked[role] {
				continue
			}
			asked[role] = true
			l.launcher(ctx, v, s, key, group, role)
		}
	}
}

// launcher checks one service-linked role.
func (l *look) launcher(ctx context.Context, v vault, s side, key *types.KeyMetadata, group asg.AutoScalingGroup, role string) {
	granted, err := grantedTo(ctx, v, aws.ToString(key.Arn), role)
	if err == nil && granted {
		return
	}
	doc, unreadable := v.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: key.Arn, PolicyName: aws.String("default")})
	switch {
	case err != nil:
		l.unknown(s, fmt.Errorf("list its grants to %s: %w", role, err))
	case unreadable != nil:
		l.unknown(s, fmt.Errorf("read its policy for %s: %w", role, unreadable))
	case !allows(aws.ToString(doc.Policy), role):
		name := aws.ToString(group.AutoScalingGroupName)
		l.found = append(l.found, Problem{Side: s.name, Region: s.region, Key: s.key, Sure: true,
			What: fmt.Sprintf("Auto Scaling group %s could launch no image that is encrypted with it, because %s may not use it", name, role),
			Do: fmt.Sprintf("grant it: aws kms create-grant --key-id %s --region %s --grantee-principal %s --operations %s (%s)",
				aws.ToString(key.Arn), s.region, role, strings.Join(operations, " "), "or say the same in the key's policy; the images are copied all the same"),
		})
	}
}

// operations are what Auto Scaling needs on a key.
var operations = []string{"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant"}

// needed are those of them that no launch does without.
var needed = []string{"Decrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant"}

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

// grantedTo says whether grants let a role do what is needed.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html
func grantedTo(ctx context.Context, v vault, key, role string) (bool, error) {
	var can []string
	pages := kms.NewListGrantsPaginator(v, &kms.ListGrantsInput{KeyId: aws.String(key), GranteePrincipal: aws.String(role)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, err
		}
		for _, grant := range page.Grants {
			if aws.ToString(grant.GranteePrincipal) != role {
				continue
			}
			for _, operation := range grant.Operations {
				can = append(can, "kms:"+string(operation))
			}
		}
	}
	return covers(can), nil
}

// allows reads a key policy as far as it goes without weighing it: whether Allow
// statements that name the role let it do what is needed. Conditions and Deny
// statements are left out, so a no is certain and a yes is not.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
func allows(policy, role string) bool {
	var doc struct{ Statement list[statement] }
	if json.Unmarshal([]byte(policy), &doc) != nil {
		return true
	}
	var can []string
	for _, s := range doc.Statement {
		if s.Effect == "Allow" && (slices.Contains(s.Principal.AWS, role) || slices.Contains(s.Principal.AWS, "*")) {
			can = append(can, s.Action...)
		}
	}
	return covers(can)
}

// covers says whether actions, some of them with wildcards, are what is needed.
func covers(actions []string) bool {
	for _, operation := range needed {
		if !slices.ContainsFunc(actions, func(action string) bool {
			matched, err := path.Match(strings.ToLower(action), strings.ToLower("kms:"+operation))
			return action == "*" || err == nil && matched
		}) {
			return false
		}
	}
	return true
}

type statement struct {
	Effect    string
	Principal principal
	Action    list[string]
}

// principal is "*" or the AWS principals of an object.
type principal struct{ AWS list[string] }

func (p *principal) UnmarshalJSON(raw []byte) error {
	if string(raw) == `"*"` {
		p.AWS = list[string]{"*"}
		return nil
	}
	var named struct{ AWS list[string] }
	err := json.Unmarshal(raw, &named)
	p.AWS = named.AWS
	return err
}

// list is one or several, as the policy language has it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type list[T any] []T

func (l *list[T]) UnmarshalJSON(raw []byte) error {
	var many []T
	if json.Unmarshal(raw, &many) == nil {
		*l = many
		return nil
	}
	var one T
	err := json.Unmarshal(raw, &one)
	*l = list[T]{one}
	return err
}
