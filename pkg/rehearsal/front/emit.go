package front

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Settle announces on the regions' default event buses what has become ready by
// now. Nothing is announced in a struck region, not later either: EC2's events are
// sent "on a best effort basis". An event that moto does not take is reported, and lost.
func (f *Front) Settle(ctx context.Context) error {
	var problems []error
	for _, t := range f.pending.take(f.clock.Now()) {
		f.audit.ready(t.region)
		if f.weather.isStruck(t.region) || t.quiet || f.loses() {
			continue
		}
		if n, has := noticeOf(t); has {
			problems = append(problems, f.emit(ctx, place{t.account, t.region}, n))
		}
	}
	return errors.Join(problems...)
}

// LoseEvents lets every so many-th event be lost from now on, the first one too;
// zero: none. EC2 sends its events "on a best effort basis".
func (f *Front) LoseEvents(every int) { f.lossy.Store(int64(every)) }

func (f *Front) loses() bool {
	every := f.lossy.Load()
	return every > 0 && (f.noticed.Add(1)-1)%every == 0
}

// notice is one event, as PutEvents takes it.
type notice struct {
	Source     string
	DetailType string
	Detail     string // JSON
	Resources  []string
	Time       float64 // seconds since 1970
}

func (f *Front) emit(ctx context.Context, at place, n notice) error {
	body, err := json.Marshal(map[string][]notice{"Entries": {n}})
	if err != nil {
		return err
	}
	answer, err := f.upstream.tell(ctx, at, "events", "AWSEvents.PutEvents", body)
	if err != nil {
		return fmt.Errorf("announce %q in %s: %w", n.DetailType, at.region, err)
	}
	var taken struct{ FailedEntryCount int }
	if err := json.Unmarshal(answer, &taken); err != nil || taken.FailedEntryCount > 0 {
		return fmt.Errorf("announce %q in %s: not taken: %s", n.DetailType, at.region, answer)
	}
	return nil
}

// noticeOf is what AWS says when a thing is ready; false when it says nothing.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-cloud-watch-events.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-ami-events.html
func noticeOf(t thing) (notice, bool) {
	switch t.kind {
	case snapshot:
		return snapshotNotice(t, "createSnapshot", snapshotARN(t.region, t.id), volumeARN(t.region, t.source)), true
	case copied:
		return snapshotNotice(t, "copySnapshot", snapshotARN(t.region, t.id), snapshotARN(t.sourceRegion, t.source)), true
	case set:
		return setNotice(t), true
	case image, copiedImage:
		return imageNotice(t), true
	case databaseSnapshot, databaseCopy:
		return databaseNotice(t), true
	}
	return notice{}, false
}

// The ARNs in EBS's events have the region in the account's place: so its page.
func snapshotARN(region, id string) string { return "arn:aws:ec2::" + region + ":snapshot/" + id }
func volumeARN(region, id string) string   { return "arn:aws:ec2::" + region + ":volume/" + id }

// ebsDetail is the detail of EBS's snapshot events, single and multi-volume.
type ebsDetail struct {
	Event        string    `json:"event"`
	Result       string    `json:"result"`
	Cause        string    `json:"cause"`
	RequestID    string    `json:"request-id"` // always empty
	SnapshotID   string    `json:"snapshot_id,omitempty"`
	Source       string    `json:"source,omitempty"`
	StartTime    string    `json:"startTime"`
	EndTime      string    `json:"endTime"`
	Snapshots    []setPart `json:"snapshots,omitempty"`
	Incremental  string    `json:"incremental,omitempty"`
	TransferType string    `json:"transferType,omitempty"`
}

type setPart struct {
	SnapshotID string `json:"snapshot_id"`
	Source     string `json:"source"`
	Status     string `json:"status"`
}

func detailOf(t thing, event string) ebsDetail {
	d := ebsDetail{Event: event, Result: "succeeded",
		StartTime: t.began.UTC().Format(time.RFC3339), EndTime: t.ready.UTC().Format(time.RFC3339)}
	if t.failure != "" {
		d.Result, d.Cause = "failed", t.failure
	}
	return d
}

func snapshotNotice(t thing, event, id, source string) notice {
	d := detailOf(t, event)
	d.SnapshotID, d.Source = id, source
	if t.kind == copied {
		d.Incremental, d.TransferType = "true", "standard"
	}
	return t.notice("EBS Snapshot Notification", d, id)
}

func setNotice(t thing) notice {
	d := detailOf(t, "createSnapshots")
	var resources []string
	for i := 0; i+1 < len(t.parts); i += 2 {
		id := snapshotARN(t.region, t.parts[i])
		d.Snapshots = append(d.Snapshots, setPart{id, volumeARN(t.region, t.parts[i+1]), "completed"})
		resources = append(resources, id)
	}
	return t.notice("EBS Multi-Volume Snapshots Completion Status", d, resources...)
}

func imageNotice(t thing) notice {
	return t.notice("EC2 AMI State Change", struct {
		RequestID    string `json:"RequestId"`
		ImageID      string `json:"ImageId"`
		State        string
		ErrorMessage string
	}{rand.Text(), t.id, "available", ""}, "arn:aws:ec2:"+t.region+"::image/"+t.id)
}

func (t thing) notice(detailType string, detail any, resources ...string) notice {
	encoded, _ := json.Marshal(detail) // strings only
	return notice{Source: "aws.ec2", DetailType: detailType, Detail: string(encoded), Resources: resources,
		Time: float64(t.ready.UnixMilli()) / 1000}
}
