package protect

import "github.com/pilotlight/pilotlight/pkg/failure"

// SnapshotsFull is the code with which EC2 says that a region holds as many
// snapshots as it may.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
const SnapshotsFull = "SnapshotLimitExceeded"

// later are the error codes with which AWS says "not now". What was asked for
// stays in the backlog, because the backlog is what is missing in AWS.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
var later = map[string]bool{
	"ResourceLimitExceeded":                 true, // too many copies in flight for the destination
	SnapshotsFull:                           true,
	"ConcurrentSnapshotLimitExceeded":       true,
	"PendingSnapshotLimitExceeded":          true,
	"MaxSnapshotsInProgressExceeded":        true,
	"SnapshotCreationPerVolumeRateExceeded": true,
	"RequestLimitExceeded":                  true,
	"Throttling":                            true,
	"ThrottlingException":                   true,
	"EC2ThrottledException":                 true,
	// An image of that name exists: an earlier, failed copy that goes with this
	// pass's retention, or one that the listing did not show yet.
	"InvalidAMIName.Duplicate": true,
	// The same of a snapshot of a database; it, or the database, is busy; too many
	// manual snapshots, or copies under way; too many replicated backups.
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBClusterSnapshot.html
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstanceAutomatedBackupsReplication.html
	"DBSnapshotAlreadyExists":                true,
	"DBClusterSnapshotAlreadyExistsFault":    true,
	"InvalidDBInstanceState":                 true,
	"InvalidDBClusterStateFault":             true,
	"InvalidDBSnapshotState":                 true,
	"InvalidDBClusterSnapshotStateFault":     true,
	"SnapshotQuotaExceeded":                  true,
	"DBInstanceAutomatedBackupQuotaExceeded": true,
	"InvalidDBInstanceAutomatedBackupState":  true,
}

// Later says whether an error means that the same call may succeed on a later
// pass, and that no other of its kind should be tried in this one.
func Later(err error) bool { return later[failure.Code(err)] }
