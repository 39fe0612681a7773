package front

import "time"

// Durations are the modelled durations of what AWS does in the background, in
// data time. The zero value of the whole stands for Defaults.
type Durations struct {
	Snapshot         time.Duration
	Copy             time.Duration // of a snapshot to another region: this much, and
	CopyBytesPerSec  int64         // the volume's size at this rate
	Image            time.Duration
	ImageCopy        time.Duration
	InstanceStart    time.Duration // pending → running
	InstanceStatus   time.Duration // running → status checks ok
	Promotion        time.Duration
	DatabaseChange   time.Duration // of instance class or Multi-AZ
	DatabaseCreate   time.Duration // replicas and restores too
	DatabaseDelete   time.Duration
	DatabaseSnapshot time.Duration
	DatabaseCopy     time.Duration // of a snapshot to another region
	ReplicaLag       time.Duration // data that a promotion loses
	VolumeCreate     time.Duration
	VolumeAttach     time.Duration
	TargetHealthy    time.Duration // registered and running → healthy
	RecordChange     time.Duration // Route 53 change → INSYNC
}

// Row is one modelled duration, for the report.
type Row struct {
	Name     string        `json:"name"`
	Duration time.Duration `json:"duration"` // data time
	Source   string        `json:"source"`
}

const mebibyte = 1 << 20

// Where the figures come from. A range of AWS's or of practice is entered near
// its middle; the report prints both figure and source.
const (
	fromSnapshots    = "practice: 1–15 min for a changed volume; https://docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-snapshot.html gives none"
	fromCopies       = "500 MiB/s a snapshot: https://docs.aws.amazon.com/ebs/latest/userguide/time-based-copies.html; 60 s to set up: practice"
	fromImages       = "practice: AMI create 3–10 min; https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/creating-an-ami-ebs.html: minutes, by size"
	fromImageCopy    = "practice: as a small snapshot copy; https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/CopyingAMIs.html gives none"
	fromStart        = "practice: pending → running 20–60 s; https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html gives none"
	fromStatus       = "practice: status checks 2–4 min; https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html: checks run every minute"
	fromPromotion    = "practice: 5–10 min; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Promote.html: several minutes, with a reboot"
	fromChange       = "practice: as long as a promotion and more; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html: outage while it applies, no figure"
	fromCreate       = "practice: restore from snapshot 10–30 min; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html gives none"
	fromDelete       = "practice: 2–10 min; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html: by backup retention and final snapshot, no figure"
	fromDatabase     = "practice: minutes, by what changed; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CreateSnapshot.html: by size, no figure"
	fromDatabaseCopy = "practice: minutes for what changed; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html: up to hours"
	fromLag          = "practice: seconds for a healthy cross-region replica; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Monitoring.html gives no figure"
	fromVolume       = "practice: seconds; https://docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-volume.html: first reads are slow, the volume is there at once"
	fromAttach       = "practice: seconds; https://docs.aws.amazon.com/ebs/latest/userguide/ebs-attaching-volume.html gives none"
	fromTarget       = "one interval of 30 s, the default: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html"
	fromRecord       = "usually within 60 s: https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html"
)

// Defaults are the durations of a rehearsal that changes none.
func Defaults() Durations {
	return Durations{
		Snapshot:         5 * time.Minute,   // fromSnapshots
		Copy:             60 * time.Second,  // fromCopies
		CopyBytesPerSec:  500 * mebibyte,    // fromCopies
		Image:            5 * time.Minute,   // fromImages
		ImageCopy:        4 * time.Minute,   // fromImageCopy
		InstanceStart:    40 * time.Second,  // fromStart
		InstanceStatus:   150 * time.Second, // fromStatus
		Promotion:        6 * time.Minute,   // fromPromotion
		DatabaseChange:   8 * time.Minute,   // fromChange
		DatabaseCreate:   10 * time.Minute,  // fromCreate
		DatabaseDelete:   4 * time.Minute,   // fromDelete
		DatabaseSnapshot: 5 * time.Minute,   // fromDatabase
		DatabaseCopy:     10 * time.Minute,  // fromDatabaseCopy
		ReplicaLag:       5 * time.Second,   // fromLag
		VolumeCreate:     5 * time.Second,   // fromVolume
		VolumeAttach:     5 * time.Second,   // fromAttach
		TargetHealthy:    30 * time.Second,  // fromTarget
		RecordChange:     30 * time.Second,  // fromRecord
	}
}

// Table lists every duration with its source, for the report.
func (d Durations) Table() []Row {
	return []Row{
		{"snapshot of a volume", d.Snapshot, fromSnapshots},
		{"snapshot copy to another region, of 100 GiB", d.copyOf(100), fromCopies},
		{"image of an instance", d.Image, fromImages},
		{"image copy to another region", d.ImageCopy, fromImageCopy},
		{"instance pending to running", d.InstanceStart, fromStart},
		{"instance running to status checks passed", d.InstanceStatus, fromStatus},
		{"promotion of a database replica", d.Promotion, fromPromotion},
		{"change of a database's class or Multi-AZ", d.DatabaseChange, fromChange},
		{"creation of a database, replica or restore", d.DatabaseCreate, fromCreate},
		{"deletion of a database", d.DatabaseDelete, fromDelete},
		{"snapshot of a database", d.DatabaseSnapshot, fromDatabase},
		{"copy of a database's snapshot to another region", d.DatabaseCopy, fromDatabaseCopy},
		{"lag of a database replica", d.ReplicaLag, fromLag},
		{"volume from a snapshot", d.VolumeCreate, fromVolume},
		{"attachment of a volume", d.VolumeAttach, fromAttach},
		{"registered target to healthy", d.TargetHealthy, fromTarget},
		{"record change in sync", d.RecordChange, fromRecord},
	}
}

// copyOf is how long the copy of a snapshot of a volume of so many GiB takes.
func (d Durations) copyOf(gib int) time.Duration {
	if d.CopyBytesPerSec <= 0 {
		return d.Copy
	}
	bytes := int64(gib) << 30
	return d.Copy + time.Duration(float64(bytes)/float64(d.CopyBytesPerSec)*float64(time.Second))
}
