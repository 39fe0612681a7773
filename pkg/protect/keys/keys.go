// Package keys asks, before the first copy under a key, whether the keys on both
// sides can be used, says which side fails and how to mend it, and announces when
// another key makes the next copies full ones. Before an image is put into service
// it asks, too, whether Auto Scaling could launch it.
//
// It guarantees that nothing changes: it describes keys and makes dry runs, which
// KMS answers with what the call would have come to. It keeps back only copies
// that would surely fail. What it cannot tell it announces, and the copy is begun:
// a doubt must not leave anything unprotected. A complete copy that keeps the RPO
// proves its keys, so a pass whose copies arrive makes no call here.
//
// A dry run does not prove the copy itself. The copy's calls are made by EBS or RDS,
// in the role's name: a key policy may allow those and not ours (kms:ViaService), or
// ours and not those, and it may change before the copy is done. Of the source key
// it proves that the service could be given a grant, not that the data can be
// decrypted: that would take data that was encrypted with it.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
package keys

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
)

// vault is every KMS action used; CreateGrant and GenerateDataKeyWithoutPlaintext
// only as dry runs.
type vault interface {
	DescribeKey(context.Context, *kms.DescribeKeyInput, ...func(*kms.Options)) (*kms.DescribeKeyOutput, error)
	GenerateDataKeyWithoutPlaintext(context.Context, *kms.GenerateDataKeyWithoutPlaintextInput, ...func(*kms.Options)) (*kms.GenerateDataKeyWithoutPlaintextOutput, error)
	CreateGrant(context.Context, *kms.CreateGrantInput, ...func(*kms.Options)) (*kms.CreateGrantOutput, error)
	GetKeyPolicy(context.Context, *kms.GetKeyPolicyInput, ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error)
	ListGrants(context.Context, *kms.ListGrantsInput, ...func(*kms.Options)) (*kms.ListGrantsOutput, error)
}

// disks is every EC2 action used.
type disks interface {
	DescribeSnapshots(context.Context, *ec2.DescribeSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error)
	GetEbsEncryptionByDefault(context.Context, *ec2.GetEbsEncryptionByDefaultInput, ...func(*ec2.Options)) (*ec2.GetEbsEncryptionByDefaultOutput, error)
	GetEbsDefaultKmsKeyId(context.Context, *ec2.GetEbsDefaultKmsKeyIdInput, ...func(*ec2.Options)) (*ec2.GetEbsDefaultKmsKeyIdOutput, error)
}

// Keys checks the keys of copies. It asks about each key once, for all policies of
// one invocation, and is not safe for concurrent use.
type Keys struct {
	cfg   aws.Config
	me    string           // ARN of the role that begins copies
	tried map[string]trial // by key, side and what is known of it
}

// New checks with the function's own identity, or that of a site's role.
func New(cfg aws.Config) *Keys { return &Keys{cfg: cfg, tried: map[string]trial{}} }

func (k *Keys) vault(at protect.Site) vault { return kms.NewFromConfig(access.At(k.cfg, at)) }
func (k *Keys) disks(at protect.Site) disks { return ec2.NewFromConfig(access.At(k.cfg, at)) }

// Check answers which of the wanted copies to begin, in their order, and what to
// announce. Its error has every problem that was found; it is Permanent, because
// no retry mends a key. sources and copies are the policy's, on both sides.
func (k *Keys) Check(ctx context.Context, pass protect.Pass, wanted []backlog.Copy, sources, copies []lineage.Point) (fine []backlog.Copy, announced []string, err error) {
	if len(wanted) == 0 {
		return wanted, nil, nil
	}
	known := learn(pass, sources, copies)
	l := &look{Keys: k, pass: pass, known: known, bad: map[string]bool{}}
	l.check(ctx, wanted)
	for _, w := range wanted {
		if !l.stops(w) {
			fine = append(fine, w)
		}
	}
	var failed []error
	for _, p := range l.found {
		if p.Sure {
			failed = append(failed, p)
		} else {
			announced = append(announced, p.Error())
		}
	}
	if text := known.changed(pass, wanted); text != "" {
		announced = append(announced, text)
	}
	for _, text := range announced {
		slog.Warn("keys of copies", "plan", pass.Plan, "policy", pass.Policy.Name, "region", pass.To.Region, "reason", text)
	}
	return fine, announced, errors.Join(failed...)
}

// look is one check.
type look struct {
	*Keys
	pass  protect.Pass
	known *known
	used  map[string][]string // source point → ARNs of the keys that its data is encrypted with
	found []Problem
	bad   map[string]bool // source keys, by ARN, with which a copy would fail
	to    bool            // the destination key is one with which a copy would fail
}

// check asks about the destination key unless a copy has proved it, and about each
// source key that none has.
func (l *look) check(ctx context.Context, wanted []backlog.Copy) {
	l.known.distrust(l.pass.Now, wanted)
	var unproven []backlog.Copy
	for _, w := range wanted {
		if !l.known.proved(w) {
			unproven = append(unproven, w)
		}
	}
	l.used = l.keysOf(ctx, unproven)
	if len(unproven) == 0 {
		return
	}
	if !l.known.service.encrypts && slices.ContainsFunc(unproven, func(w backlog.Copy) bool { return len(l.used[w.ID]) == 0 }) {
		l.known.service.encrypts = l.encrypts(ctx)
	}
	if !l.known.destination && (l.known.service.encrypts || len(l.used) > 0) {
		l.destination(ctx)
	}
	asked := map[string]bool{}
	for _, w := range unproven {
		for _, key := range l.used[w.ID] {
			if !asked[key] && !l.known.sources[key] {
				asked[key] = true
				l.source(ctx, key)
			}
		}
	}
}

// stops says whether a copy would surely fail. One that is not encrypted on either
// side uses no key: a policy without a key leaves an unencrypted source as it is,
// unless the region encrypts it by default.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
func (l *look) stops(w backlog.Copy) bool {
	if l.to && (l.known.service.encrypts || len(l.used[w.ID]) > 0 || w.Key != "") {
		return true
	}
	for _, key := range l.used[w.ID] {
		if l.bad[key] {
			return true
		}
	}
	return false
}

// keysOf are the keys that source points are encrypted with. A snapshot says its
// key; an image does not, but its snapshots do.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EbsBlockDevice.html
func (l *look) keysOf(ctx context.Context, points []backlog.Copy) map[string][]string {
	used, images := map[string][]string{}, map[string]string{} // snapshot → image
	for _, p := range points {
		if p.Key != "" {
			used[p.ID] = []string{p.Key}
		}
		for _, part := range p.Parts {
			images[part] = p.ID
		}
	}
	if len(images) == 0 {
		return used
	}
	parts := ec2.DescribeSnapshotsInput{}
	for part := range images {
		parts.SnapshotIds = append(parts.SnapshotIds, part)
	}
	out, err := l.disks(l.pass.From).DescribeSnapshots(ctx, &parts)
	if err != nil {
		l.note(Problem{Side: Source, Region: l.pass.From.Region, Key: "of the images' snapshots", What: "it could not be read: " + err.Error(), Do: untouched})
		return used
	}
	for _, s := range out.Snapshots {
		if key := aws.ToString(s.KmsKeyId); key != "" {
			image := images[aws.ToString(s.SnapshotId)]
			used[image] = append(used[image], key)
		}
	}
	return used
}

// copier is the site whose identity the copies are begun in, in a region: a copy
// is a call of the side that it goes to, which there uses the source's key too.
// https://docs.aws.amazon.com/ebs/latest/userguide/share-kms-key.html
func (l *look) copier(region string) protect.Site {
	at := l.pass.To
	at.Region = region
	return at
}

// role is the ARN of the role behind those credentials; empty when AWS does not
// say. It is asked where the copies go, once.
func (l *look) role(ctx context.Context) string {
	if l.me == "" {
		out, err := sts.NewFromConfig(access.At(l.cfg, l.pass.To)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return ""
		}
		l.me = roleOf(aws.ToString(out.Arn))
	}
	return l.me
}
