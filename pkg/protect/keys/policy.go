package keys

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// operations are what Auto Scaling needs on a key.
var operations = []string{"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant"}

// needed are those of them that no launch does without.
var needed = []string{"Decrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant"}

// admits says whether a key lets a role do what is needed, by grants or by its
// policy. Where one of the two cannot be read and the other does not say yes, that
// is the error; one that may pass comes before a denial, which will not.
func admits(ctx context.Context, v vault, key, role string) (bool, error) {
	granted, err := grantedTo(ctx, v, key, role)
	if granted {
		return true, nil
	}
	doc, unreadable := v.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(key), PolicyName: aws.String("default")})
	if unreadable == nil && allows(aws.ToString(doc.Policy), role) {
		return true, nil
	}
	if failure.Code(err) == denied {
		return false, errors.Join(unreadable, err)
	}
	return false, errors.Join(err, unreadable)
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
