package snapshots

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// adopting turns a scene's policy into one that adopts what another tool tags.
func adopting(t *testing.T) (*scene, func(volume int) string) {
	cloud := simulated.Start(t)
	for _, region := range []string{simulated.Primary, simulated.Recovery} {
		cloud.CreateKey(t, region, "alias/pilotlight")
	}
	s := newScene(t, cloud, 1)
	s.input.Policy.Volumes = nil
	s.input.Policy.Snapshots = &plan.Selector{Tags: map[string]string{"backup-plan": "nightly"}}
	return s, func(volume int) string {
		t.Helper()
		out, err := s.primary.EC2.CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{
			VolumeId: aws.String(s.data[volume]),
			TagSpecifications: []types.TagSpecification{tagged.On(types.ResourceTypeSnapshot, map[string]string{
				"backup-plan": "nightly", "Name": "of another tool",
			})},
		})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(out.SnapshotId)
	}
}

func TestRotation_adoptsTheSnapshotsOfAnotherToolAndChangesNoneOfThem(t *testing.T) {
	s, take := adopting(t)
	older, newest, other := take(0), "", take(1)
	s.jump(30 * time.Minute)
	newest = take(0)
	theirs := s.primary.Snapshots("backup-plan", "nightly")

	result, _ := s.pass()
	if result.Taken != 0 || result.Copied != 2 {
		t.Fatalf("first pass: %+v", result)
	}
	var made []string
	for _, c := range copied(s) {
		made = append(made, c.Source)
		if c.Plain || c.Set != c.Source || c.Subject() != c.Origin || c.Origin != s.data[map[string]int{newest: 0, other: 1}[c.Source]] {
			t.Errorf("copy %+v", c)
		}
	}
	if want := slices.Sorted(slices.Values([]string{newest, other})); !slices.Equal(slices.Sorted(slices.Values(made)), want) {
		t.Errorf("copies of %v, want %v: %s is superseded", made, want, older)
	}

	// Days of it: the copies are retired, and of theirs nothing is ever changed.
	for range 4 {
		s.jump(25 * time.Hour)
		take(0)
		take(1)
		for range 3 {
			_, calls := s.pass()
			for _, call := range calls {
				if !strings.HasPrefix(call, "Describe") && strings.HasSuffix(call, simulated.Primary) {
					t.Errorf("%s: what is there is not ours", call)
				}
			}
		}
	}
	if got := len(copied(s)); got < 2 || got > 6 {
		t.Errorf("%d copies are left", got)
	}
	now := map[string]types.Snapshot{}
	for _, snapshot := range s.primary.Snapshots("backup-plan", "nightly") {
		now[aws.ToString(snapshot.SnapshotId)] = snapshot
	}
	if len(now) != 11 {
		t.Errorf("%d snapshots of the other tool are left of 11", len(now))
	}
	for _, was := range theirs {
		if diff := cmp.Diff(tagged.Of(was.Tags), tagged.Of(now[aws.ToString(was.SnapshotId)].Tags)); diff != "" {
			t.Errorf("tags of %s (-before +after):\n%s", aws.ToString(was.SnapshotId), diff)
		}
	}
	sources, err := Inspect(t.Context(), s.cloud.Config("eu-central-1"), s.begun())
	if err != nil || len(sources) != 2 || sources[0].GiB != 20 || sources[0].Usable == 0 || sources[0].Problem != "" {
		t.Errorf("sources %+v, error %v", sources, err)
	}
}

// Its snapshots may be kept for years: the alarm must not ring for so long.
func TestRotation_takesAnAdoptedVolumeThatIsGoneForEnded(t *testing.T) {
	s, take := adopting(t)
	take(0)
	take(1)
	protected := func() (ids []string) {
		t.Helper()
		sources, err := Inspect(t.Context(), s.cloud.Config("eu-central-1"), s.begun())
		if err != nil {
			t.Fatal(err)
		}
		for _, source := range sources {
			ids = append(ids, source.ID)
		}
		return ids
	}
	both, ended := slices.Sorted(slices.Values(s.data[:2])), aws.String(s.data[0])
	if _, err := s.primary.EC2.DetachVolume(t.Context(), &ec2.DetachVolumeInput{VolumeId: ended}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.primary.EC2.DeleteVolume(t.Context(), &ec2.DeleteVolumeInput{VolumeId: ended}); err != nil {
		t.Fatal(err)
	}
	s.jump(24 * time.Hour)
	if got := protected(); !slices.Equal(got, both) {
		t.Errorf("protected a day after: %v, want %v: it may be a gateway's", got, both)
	}
	s.jump(2 * time.Hour)
	if got := protected(); !slices.Equal(got, []string{s.data[1]}) {
		t.Errorf("protected: %v; want %s, which is there and late", got, s.data[1])
	}
	result, _ := s.pass()
	if len(result.Problems) != 1 || !strings.HasPrefix(result.Problems[0], "1 volumes of policy data in us-east-1 are taken for ended") || !strings.Contains(result.Problems[0], s.data[0]) {
		t.Errorf("problems %q", result.Problems)
	}
}

func TestOrigin_trustsNoVolumeIdOfACopy(t *testing.T) {
	backup := map[string]string{resource: "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1"}
	for name, tt := range map[string]struct {
		snapshot types.Snapshot
		tags     map[string]string
		want     string
	}{
		"taken here":              {types.Snapshot{VolumeId: aws.String("vol-2")}, nil, "vol-2"},
		"taken here by AWS":       {types.Snapshot{VolumeId: aws.String("vol-2")}, backup, "vol-2"},
		"copied":                  {types.Snapshot{VolumeId: aws.String("vol-ffffffff")}, nil, ""},
		"copied, with a time":     {types.Snapshot{VolumeId: aws.String("vol-0af"), TransferType: types.TransferTypeStandard}, nil, ""},
		"copied by AWS Backup":    {types.Snapshot{VolumeId: aws.String("vol-ffffffff")}, backup, "vol-1"},
		"copied, tag without ARN": {types.Snapshot{VolumeId: aws.String("vol-ffffffff")}, map[string]string{resource: "vol-3"}, "vol-3"},
	} {
		if got := origin(tt.snapshot, tt.tags); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestRotation_saysWhichAdoptedSnapshotsNobodyCanTellApart(t *testing.T) {
	s, take := adopting(t)
	source := take(0)
	if _, err := s.primary.EC2.CopySnapshot(t.Context(), &ec2.CopySnapshotInput{
		SourceRegion: aws.String(simulated.Primary), SourceSnapshotId: aws.String(source),
		TagSpecifications: []types.TagSpecification{tagged.On(types.ResourceTypeSnapshot, s.input.Policy.Snapshots.Tags)},
	}); err != nil {
		t.Fatal(err)
	}
	result, _ := s.pass()
	if result.Copied != 1 || len(result.Problems) != 1 || !strings.HasPrefix(result.Problems[0], "1 snapshots that policy data adopts in us-east-1 are copies themselves") {
		t.Errorf("result %+v", result)
	}
	if copies := copied(s); len(copies) != 1 || copies[0].Source != source || lineage.Own(tagged.Of(s.copies()[0].Tags))["Name"] != "of another tool" {
		t.Errorf("copies %+v", copies)
	}
	if again, _ := s.pass(); again.Copied != 0 {
		t.Errorf("again: %+v", again)
	}
}
