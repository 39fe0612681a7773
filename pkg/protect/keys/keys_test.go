package keys

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// aPass is one of policy data, which keeps an RPO of an hour.
func aPass(key string) protect.Pass {
	return protect.Pass{
		Input: protect.Input{
			Plan: "storefront", Primary: simulated.Primary, Recovery: simulated.Recovery,
			Policy: plan.Policy{Name: "data", Key: key, Volumes: &plan.Selector{}, RPO: plan.Duration(time.Hour)},
		},
		From: protect.Site{Region: simulated.Primary}, To: protect.Site{Region: simulated.Recovery}, Now: noon,
	}
}

// want is a source point of a volume that waits for its copy.
func want(volume, key string) backlog.Copy {
	return backlog.Copy{Point: lineage.Point{ID: "snap-" + volume, Instance: "i-1", Origin: volume, Key: key, SizeGiB: 500, TakenAt: noon, State: lineage.Complete}}
}

// copied is a copy of a volume's data of a while ago.
func copied(volume string, ago time.Duration, under, arn string, state lineage.State) lineage.Point {
	at := noon.Add(-ago)
	return lineage.Point{ID: "copy-" + volume + ago.String(), Source: "snap", Instance: "i-1", Origin: volume, Under: under, Key: arn, TakenAt: at, Started: at, State: state}
}

func points(wanted ...backlog.Copy) []lineage.Point {
	var points []lineage.Point
	for _, w := range wanted {
		points = append(points, w.Point)
	}
	return points
}

func ids(copies []backlog.Copy) string {
	var all []string
	for _, c := range copies {
		all = append(all, strings.TrimPrefix(c.ID, "snap-"))
	}
	return strings.Join(all, " ")
}

// made is a new key, with a name in the region when one is given.
func made(t *testing.T, cloud *simulated.Cloud, region, alias string, in kms.CreateKeyInput) *types.KeyMetadata {
	t.Helper()
	client := kms.NewFromConfig(cloud.Config(region))
	out, err := client.CreateKey(t.Context(), &in)
	if err == nil && alias != "" {
		_, err = client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String(alias), TargetKeyId: out.KeyMetadata.KeyId})
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.KeyMetadata
}

func TestKeys(t *testing.T) {
	cloud := simulated.Start(t)
	k := New(cloud.Config("eu-central-1"))
	good := made(t, cloud, simulated.Recovery, "alias/good", kms.CreateKeyInput{})
	home := aws.ToString(made(t, cloud, simulated.Primary, "", kms.CreateKeyInput{}).Arn)

	t.Run("are tried, and nothing changes", func(t *testing.T) {
		wanted := []backlog.Copy{want("vol-1", home), want("vol-2", home), want("vol-3", "")}
		cloud.Calls()
		fine, announced, err := New(k.cfg).Check(t.Context(), aPass("alias/good"), wanted, points(wanted...), nil)
		if err != nil || announced != nil || ids(fine) != "vol-1 vol-2 vol-3" {
			t.Fatalf("fine %q, announced %q, error %v", ids(fine), announced, err)
		}
		want := []string{
			"DescribeKey us-west-2", "GenerateDataKeyWithoutPlaintext us-west-2", "GetCallerIdentity us-west-2", "CreateGrant us-west-2",
			"DescribeKey us-east-1", "CreateGrant us-east-1",
		}
		if diff := cmp.Diff(want, cloud.Calls()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		out, err := kms.NewFromConfig(cloud.Config(simulated.Recovery)).ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: good.KeyId})
		if err != nil || len(out.Grants) != 0 {
			t.Errorf("grants %v, error %v", out.Grants, err)
		}
	})
	t.Run("that copies have proved are not asked about", func(t *testing.T) {
		wanted := []backlog.Copy{want("vol-1", home), want("vol-new", home)}
		cloud.Calls()
		arrived := copied("vol-1", 30*time.Minute, "alias/good", aws.ToString(good.Arn), lineage.Complete)
		fine, announced, err := New(k.cfg).Check(t.Context(), aPass("alias/good"), wanted, points(wanted...), []lineage.Point{arrived})
		if calls := cloud.Calls(); err != nil || announced != nil || ids(fine) != "vol-1 vol-new" || len(calls) > 0 {
			t.Errorf("fine %q, announced %q, calls %q, error %v", ids(fine), announced, calls, err)
		}
		wanted[0].Done = noon.Add(-time.Hour) // and no copy followed
		if _, _, err := New(k.cfg).Check(t.Context(), aPass("alias/good"), wanted, points(wanted...), []lineage.Point{arrived}); err != nil || len(cloud.Calls()) != 6 {
			t.Errorf("overdue: error %v, and not every key is asked about", err)
		}
	})
	t.Run("by default are EBS's own", func(t *testing.T) { defaults(t, cloud, k, home) })
	t.Run("of the source stop nothing else", func(t *testing.T) { sources(t, cloud, k, home) })
	t.Run("of the destination stop everything", func(t *testing.T) { destinations(t, cloud, k, home) })
	t.Run("between accounts are not AWS's own", func(t *testing.T) {
		between := aPass("alias/good")
		between.From.Account, between.To.Account = "123456789012", "222222222222"
		own := aws.ToString(described(t, cloud, simulated.Primary, "alias/aws/ebs").Arn)
		fine, _, err := New(k.cfg).Check(t.Context(), between, []backlog.Copy{want("vol-1", own)}, nil, nil)
		says(t, err, "source key "+own+" in us-east-1: it is AWS's own key of account 123456789012, which account 222222222222 cannot use; "+
			"encrypt the volumes with a customer managed key that this account may use")
		if len(fine) > 0 {
			t.Errorf("%q goes on", ids(fine))
		}
	})
	t.Run("of an image are those of its snapshots", func(t *testing.T) { ofImages(t, cloud, k) })
	t.Run("that a group needs to launch", func(t *testing.T) { groups(t, cloud, k) })
	t.Run("of a region that encrypts by default", func(t *testing.T) { byDefault(t, cloud, k) }) // last: it turns AWS's own off
}

func defaults(t *testing.T, cloud *simulated.Cloud, k *Keys, home string) {
	cloud.Calls()
	fine, announced, err := New(k.cfg).Check(t.Context(), aPass(""), []backlog.Copy{want("vol-1", home)}, nil, nil)
	if err != nil || announced != nil || len(fine) != 1 {
		t.Errorf("fine %q, announced %q, error %v", ids(fine), announced, err)
	}
	want1 := []string{"GetEbsDefaultKmsKeyId us-west-2", "DescribeKey us-west-2", "DescribeKey us-east-1", "GetCallerIdentity us-west-2", "CreateGrant us-east-1"}
	if diff := cmp.Diff(want1, cloud.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	// What is encrypted on neither side uses no key, and a copy proves that it is so.
	plain := []backlog.Copy{want("vol-1", "")}
	fine, _, err = New(k.cfg).Check(t.Context(), aPass(""), plain, nil, nil)
	if diff := cmp.Diff([]string{"GetEbsEncryptionByDefault us-west-2"}, cloud.Calls()); diff != "" || err != nil || len(fine) != 1 {
		t.Errorf("fine %q, error %v, calls (-want +got):\n%s", ids(fine), err, diff)
	}
	arrived := []lineage.Point{copied("vol-2", 30*time.Minute, "", "", lineage.Complete)}
	if fine, _, err := New(k.cfg).Check(t.Context(), aPass(""), plain, nil, arrived); err != nil || len(fine) != 1 || len(cloud.Calls()) > 0 {
		t.Errorf("fine %q, error %v", ids(fine), err)
	}
}

// byDefault: the region encrypts what no policy asks to encrypt, with a default key
// that nobody can use any more.
func byDefault(t *testing.T, cloud *simulated.Cloud, k *Keys) {
	region := ec2.NewFromConfig(cloud.Config(simulated.Recovery))
	default1, err := region.GetEbsDefaultKmsKeyId(t.Context(), &ec2.GetEbsDefaultKmsKeyIdInput{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := region.EnableEbsEncryptionByDefault(t.Context(), &ec2.EnableEbsEncryptionByDefaultInput{}); err != nil {
		t.Fatal(err)
	}
	keys, id := kms.NewFromConfig(cloud.Config(simulated.Recovery)), aws.ToString(default1.KmsKeyId)
	if fine, _, err := New(k.cfg).Check(t.Context(), aPass(""), []backlog.Copy{want("vol-1", "")}, nil, nil); err != nil || len(fine) != 1 {
		t.Errorf("under a default key that works: fine %q, error %v", ids(fine), err)
	}
	if _, err := keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: aws.String(id[strings.Index(id, "/")+1:])}); err != nil {
		t.Fatal(err)
	}
	fine, _, err := New(k.cfg).Check(t.Context(), aPass(""), []backlog.Copy{want("vol-1", "")}, nil, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "destination key "+id+" in us-west-2: it is disabled") || len(fine) != 0 {
		t.Errorf("under one that is off: fine %q, error %v", ids(fine), err)
	}
}

func sources(t *testing.T, cloud *simulated.Cloud, k *Keys, home string) {
	client := kms.NewFromConfig(cloud.Config(simulated.Primary))
	off := made(t, cloud, simulated.Primary, "", kms.CreateKeyInput{})
	if _, err := client.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: off.KeyId}); err != nil {
		t.Fatal(err)
	}
	gone := strings.Replace(home, home[strings.Index(home, "/")+1:], "00000000-0000-0000-0000-000000000000", 1)
	wanted := []backlog.Copy{want("vol-off", aws.ToString(off.Arn)), want("vol-fine", home), want("vol-gone", gone), want("vol-plain", "")}
	fine, announced, err := New(k.cfg).Check(t.Context(), aPass("alias/good"), wanted, points(wanted...), nil)
	if ids(fine) != "vol-fine vol-plain" || announced != nil {
		t.Errorf("fine %q, announced %q", ids(fine), announced)
	}
	says(t, err,
		"source key "+*off.Arn+" in us-east-1: it is disabled; enable it: aws kms enable-key --key-id "+*off.Arn+" --region us-east-1\n"+
			"source key "+gone+" in us-east-1: there is no such key; nothing can read this data without its key: take new snapshots of volumes under another one")
}

func destinations(t *testing.T, cloud *simulated.Cloud, k *Keys, home string) {
	client := kms.NewFromConfig(cloud.Config(simulated.Recovery))
	off := made(t, cloud, simulated.Recovery, "alias/off", kms.CreateKeyInput{})
	if _, err := client.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: off.KeyId}); err != nil {
		t.Fatal(err)
	}
	leaving := made(t, cloud, simulated.Recovery, "alias/leaving", kms.CreateKeyInput{})
	left, err := client.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: leaving.KeyId, PendingWindowInDays: aws.Int32(7)})
	if err != nil {
		t.Fatal(err)
	}
	made(t, cloud, simulated.Recovery, "alias/signs", kms.CreateKeyInput{KeySpec: types.KeySpecRsa2048, KeyUsage: types.KeyUsageTypeSignVerify})
	for key, text := range map[string]string{
		"alias/off": "it is disabled; enable it: aws kms enable-key --key-id " + *off.Arn + " --region us-west-2",
		"alias/leaving": "it will be deleted on " + left.DeletionDate.UTC().Format("2006-01-02") + "; keep it: aws kms cancel-key-deletion --key-id " + *leaving.Arn +
			" --region us-west-2, and then aws kms enable-key --key-id " + *leaving.Arn + " --region us-west-2",
		"alias/none":                           "there is no such key; make the alias there: aws kms create-alias --alias-name alias/none --target-key-id … --region us-west-2",
		"alias/signs":                          "it is a key of RSA_2048 for SIGN_VERIFY, and EBS takes none but symmetric keys that encrypt; name one of SYMMETRIC_DEFAULT for ENCRYPT_DECRYPT",
		home:                                   "it is a key of us-east-1; name a key of that region, best by an alias that both regions have",
		"00000000-0000-0000-0000-000000000000": "there is no such key; name a key of that region, best by an alias that both regions have",
	} {
		wanted := []backlog.Copy{want("vol-1", home), want("vol-2", "")}
		fine, _, err := New(k.cfg).Check(t.Context(), aPass(key), wanted, nil, nil)
		says(t, err, "destination key "+key+" in us-west-2: "+text)
		if len(fine) > 0 {
			t.Errorf("%s: %q goes on", key, ids(fine))
		}
	}
}

// says holds an error against its text. None of these is mended by trying again.
func says(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || failure.ClassOf(err) != failure.Permanent {
		t.Errorf("error %v of class %q", err, failure.ClassOf(err))
		return
	}
	if diff := cmp.Diff(text, err.Error()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func described(t *testing.T, cloud *simulated.Cloud, region, key string) *types.KeyMetadata {
	t.Helper()
	out, err := kms.NewFromConfig(cloud.Config(region)).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(key)})
	if err != nil {
		t.Fatal(err)
	}
	return out.KeyMetadata
}
