package keys

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// side is one key of a copy.
type side struct {
	name    Side
	region  string
	key     string // as it is named
	owner   vault  // describes it
	user    vault  // in the identity that begins copies
	encrypt bool   // data will be encrypted with it
}

// destination checks the key that copies are encrypted with: the policy's, or the
// region's default.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetEbsDefaultKmsKeyId.html
func (l *look) destination(ctx context.Context) {
	v := l.vault(l.pass.To)
	s := side{name: Destination, region: l.pass.To.Region, key: l.pass.Key(), owner: v, user: v, encrypt: true}
	if s.key == "" && l.known.service.name == "RDS" {
		return // AWS's own
	}
	if s.key == "" {
		out, err := l.disks(l.pass.To).GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
		if err != nil {
			s.key = "of EBS by default"
			l.unknown(s, err)
			return
		}
		s.key = aws.ToString(out.KmsKeyId)
	}
	// The name would be taken, and the copy fail later.
	// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html
	if named, err := arn.Parse(s.key); err == nil && named.Region != s.region {
		l.sure(s, "it is a key of "+named.Region, absent(s.name, "", s.region, l.known.service.things))
		return
	}
	if key := l.describe(ctx, s); key != nil {
		l.known.arn = aws.ToString(key.Arn)
	}
}

// encrypts says whether the region that copies go to encrypts them with its default
// key, whether or not they ask for it.
// https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
func (l *look) encrypts(ctx context.Context) bool {
	if !l.known.service.region {
		return false
	}
	out, err := l.disks(l.pass.To).GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{})
	if err != nil {
		l.unknown(side{name: Destination, region: l.pass.To.Region, key: "of EBS by default"}, err)
		return false
	}
	return aws.ToBool(out.EbsEncryptionByDefault)
}

// source checks a key that data is encrypted with. It is described by the side
// that has it and used by the side that copies.
// https://docs.aws.amazon.com/ebs/latest/userguide/share-kms-key.html
func (l *look) source(ctx context.Context, key string) {
	region := l.pass.From.Region
	s := side{name: Source, region: region, key: key, owner: l.vault(l.pass.From), user: l.vault(l.copier(region))}
	l.describe(ctx, s)
}

// trial is what came of a look at a key.
type trial struct {
	key   *types.KeyMetadata
	found []Problem
}

// describe looks at a key and tries it, once. It answers nil for a key with a problem.
func (l *look) describe(ctx context.Context, s side) *types.KeyMetadata {
	id := fmt.Sprint(s.name, s.region, s.key, l.known.failed)
	if before, ok := l.tried[id]; ok {
		for _, p := range before.found {
			l.note(p)
		}
		return before.key
	}
	from := len(l.found)
	key := l.examine(ctx, s)
	l.tried[id] = trial{key, l.found[from:]}
	return key
}

func (l *look) examine(ctx context.Context, s side) *types.KeyMetadata {
	out, err := s.owner.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(s.key)})
	switch failure.Code(err) {
	case "NotFoundException":
		l.sure(s, "there is no such key", absent(s.name, s.key, s.region, l.known.service.things))
		return nil
	case "InvalidArnException", "ValidationException":
		l.sure(s, "that is the name of no key", absent(s.name, "", s.region, l.known.service.things))
		return nil
	case denied:
		l.denied(ctx, s, s.key, "kms:DescribeKey", err)
		return nil
	}
	if err != nil {
		l.unknown(s, err)
		return nil
	}
	key := out.KeyMetadata
	if what, do := wrong(key, s.region, l.known.service.name); what != "" {
		l.sure(s, what, do)
		return nil
	}
	if key.KeyManager == types.KeyManagerTypeAws {
		return l.managed(s, key)
	}
	if !l.tries(ctx, s, aws.ToString(key.Arn)) {
		return nil
	}
	return key
}

// managed: AWS's own key of an account can be used by all of the account, through
// its service alone, and by nobody else, so there is nothing to try.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/share-encrypted-snapshot.html
func (l *look) managed(s side, key *types.KeyMetadata) *types.KeyMetadata {
	if s.name == Source && l.pass.From.Account != l.pass.To.Account {
		l.sure(s, "it is AWS's own key of account "+l.pass.From.Account+", which account "+l.pass.To.Account+" cannot use",
			"encrypt the "+l.known.service.things+" with a customer managed key that this account may use")
		return nil
	}
	return key
}

// tries makes the dry runs: a data key under the destination key, and a grant on
// either one. The grant would be to the role itself, to describe the key.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
func (l *look) tries(ctx context.Context, s side, key string) bool {
	if s.encrypt {
		_, err := s.user.GenerateDataKeyWithoutPlaintext(ctx, &kms.GenerateDataKeyWithoutPlaintextInput{
			KeyId: aws.String(key), KeySpec: types.DataKeySpecAes256, DryRun: aws.Bool(true),
		})
		if !l.passes(ctx, s, key, "kms:GenerateDataKeyWithoutPlaintext", err) {
			return false
		}
	}
	role := l.role(ctx)
	if role == "" {
		return true // whom a grant would be for is not known: that one trial is left out
	}
	_, err := s.user.CreateGrant(ctx, &kms.CreateGrantInput{
		KeyId: aws.String(key), GranteePrincipal: aws.String(role), Operations: []types.GrantOperation{types.GrantOperationDescribeKey}, DryRun: aws.Bool(true),
	})
	return l.passes(ctx, s, key, "kms:CreateGrant", err)
}

// passes judges the answer to a dry run.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html#API_CreateGrant_Errors
func (l *look) passes(ctx context.Context, s side, key, action string, err error) bool {
	switch failure.Code(err) {
	case "DryRunOperationException":
		return true
	case denied:
		return l.denied(ctx, s, key, action, err)
	case "DisabledException", "KMSInvalidStateException", "KeyUnavailableException", "InvalidKeyUsageException":
		l.sure(s, "KMS does not let it be used: "+err.Error(), "mend its state, or name another key")
		return false
	case "LimitExceededException":
		l.sure(s, "it has no room for another grant", "retire grants on it that nothing uses any more: aws kms list-grants --key-id "+key+" --region "+s.region)
		return false
	}
	if err != nil {
		l.unknown(s, err)
	}
	return true
}

// denied: whoever is denied is denied as the service too, except where the key's
// policy tells a call by EBS or RDS from one by the role. Where the policy cannot be
// read, a copy that has failed settles it.
func (l *look) denied(ctx context.Context, s side, key, action string, err error) (goOn bool) {
	doc, unreadable := s.owner.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(key), PolicyName: aws.String("default")})
	role := l.role(ctx)
	if role == "" {
		role = "the role of the copying function"
	}
	do := fmt.Sprintf("let %s use it in its key policy: kms:DescribeKey, kms:CreateGrant, kms:Decrypt, kms:ReEncrypt*, kms:GenerateDataKey*", role)
	what := fmt.Sprintf("%s may not call %s (%s)", role, action, failure.Code(err))
	if l.known.failed || unreadable == nil && !throughServices(aws.ToString(doc.Policy)) {
		l.sure(s, what, do)
		return false
	}
	l.note(Problem{Side: s.name, Region: s.region, Key: s.key,
		What: what + ", and whether " + l.known.service.name + " may in its name cannot be told", Do: untouched + "; if they fail, " + do})
	return true
}

// throughServices says whether a key policy tells calls through a service from
// direct ones.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func throughServices(policy string) bool {
	policy = strings.ToLower(policy)
	return strings.Contains(policy, "kms:viaservice") || strings.Contains(policy, "kms:grantisforawsresource")
}

// sure notes a problem with which copies would fail.
func (l *look) sure(s side, what, do string) {
	l.note(Problem{Side: s.name, Region: s.region, Key: s.key, What: what, Do: do, Sure: true})
}

func (l *look) note(p Problem) {
	l.found = append(l.found, p)
	switch {
	case p.Sure && p.Side == Destination:
		l.to = true
	case p.Sure:
		l.bad[p.Key] = true
	}
}

// unknown notes that AWS did not answer.
func (l *look) unknown(s side, err error) {
	l.note(Problem{Side: s.name, Region: s.region, Key: s.key, What: "it could not be checked: " + err.Error(), Do: untouched})
}

// roleOf is the role behind the ARN of its session.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func roleOf(caller string) string {
	session, err := arn.Parse(caller)
	if err != nil || session.Service != "sts" || !strings.HasPrefix(session.Resource, "assumed-role/") {
		return caller
	}
	session.Service, session.Resource = "iam", "role/"+strings.Split(session.Resource, "/")[1]
	return session.String()
}
