package blueprint

import (
	"slices"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// keyGrants let EBS use keys of these regions for what a function reads, copies
// and creates, through EC2 alone.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
func keyGrants(regions ...string) []Grant {
	var grants []Grant
	for _, region := range regions {
		keys, through := []string{regional("kms", region, "key/*")}, map[string]string{"kms:ViaService": "ec2." + region + ".amazonaws.com"}
		// A grant is what EBS goes on using the key with. Nobody but an AWS service
		// gets one.
		// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
		grants = append(grants, Grant{
			Actions: []string{"kms:CreateGrant"}, Resources: keys, Regions: []string{region},
			Condition: map[string]map[string]string{"StringEquals": through, "Bool": {"kms:GrantIsForAWSResource": "true"}},
		}, Grant{
			Actions: []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt",
				"kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"},
			Resources: keys, Regions: []string{region},
			Condition: map[string]map[string]string{"StringEquals": through},
		})
	}
	return grants
}

// keyTrials let a function try keys of these regions itself. KMS weighs a dry run
// like the call that it stands for, so these are the least that a dry run can be
// made with: a data key that nothing here could decrypt, and a grant to the role
// itself of what it may do anyway, which is to describe the key.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
func keyTrials(regions ...string) []Grant {
	var grants []Grant
	for _, region := range regions {
		keys := []string{regional("kms", region, "key/*")}
		grants = append(grants, Grant{
			Actions:   []string{"kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:GetKeyPolicy"},
			Resources: keys, Regions: []string{region},
		}, Grant{
			Actions: []string{"kms:CreateGrant"}, Resources: keys, Regions: []string{region},
			Condition: map[string]map[string]string{
				"StringEquals":              {"kms:GranteePrincipal": "${aws:PrincipalArn}"},
				"ForAllValues:StringEquals": {"kms:GrantOperations": "DescribeKey"},
			},
		})
	}
	return grants
}

// keyChecks are the keys that a function's copies are made with, and what it may
// ask about them before.
func keyChecks(p *plan.Plan, f protect.Function) []Grant {
	regions := sides(p)
	grants := slices.Concat(keyGrants(regions...), keyTrials(regions...), []Grant{nameItself(regions)})
	for _, policy := range p.Protect {
		// A key that is no alias is the recovery region's alone; see protect.Pass.Key.
		if f.Claims(policy) && !strings.HasPrefix(policy.Key, "alias/") {
			for _, region := range regions {
				grants = append(grants, see(region, "ec2:GetEbsDefaultKmsKeyId", "ec2:GetEbsEncryptionByDefault"))
			}
			return grants
		}
	}
	return grants
}

// nameItself lets a function ask for whom a grant would be.
func nameItself(regions []string) Grant {
	return Grant{Actions: []string{"sts:GetCallerIdentity"}, Resources: []string{"*"}, Regions: regions,
		Because: "GetCallerIdentity has no resource level and needs no permission: it is here so that every call is"}
}

// launchChecks let a function see whether the Auto Scaling groups of a region could
// launch the image that it is about to put into service.
func launchChecks(region string) []Grant {
	return []Grant{
		{Actions: []string{"autoscaling:DescribeAutoScalingGroups"}, Resources: []string{"*"}, Regions: []string{region},
			Because: "DescribeAutoScalingGroups has no resource level"},
		{Actions: []string{"kms:ListGrants"}, Resources: []string{regional("kms", region, "key/*")}, Regions: []string{region}},
		see(region, "ec2:DescribeLaunchTemplateVersions"),
	}
}
