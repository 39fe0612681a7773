// Package failure is the one table of what can go wrong: the classes that an
// error falls into, and the names under which a Lambda reports them. The
// workflow compiler matches on the same names, so a Catch or Retry rule cannot
// drift from what a function answers.
//
// It classifies; it neither retries nor logs.
package failure

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Class is what an error means for the run. Its value is the error name that
// Lambda reports.
type Class string

const (
	// TryAgain: nothing is wrong that time does not mend (throttled, a 5xx, a
	// call that ran into its deadline). Also what cannot be classified: only
	// looking again tells, because the call may have acted.
	TryAgain Class = "Pilotlight.TryAgain"
	// Permanent: doing the same again fails the same.
	Permanent Class = "Pilotlight.Permanent"
	// BadInput: the caller sent what no one may send; nothing was done.
	BadInput Class = "Pilotlight.BadInput"
	// RunOver: the run does not hold the plan's lock (any more); nothing was done.
	RunOver Class = "Pilotlight.RunOver"
	// Abort: a person, or the plan, says that the run ends here and that what it
	// made is taken back.
	Abort Class = "Pilotlight.Abort"
)

// Failed is an error whose class is known where it arises.
type Failed struct {
	Class   Class
	Message string
}

func (f Failed) Error() string { return f.Message }

// Permanentf makes an error that no retry mends. The message tells an operator
// what is wrong and what to do.
func Permanentf(format string, args ...any) error {
	return Failed{Permanent, fmt.Sprintf(format, args...)}
}

// BadInputf makes the error for an input that is refused.
func BadInputf(format string, args ...any) error {
	return Failed{BadInput, fmt.Sprintf(format, args...)}
}

// permanent are the AWS error codes that doing the same again cannot mend.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
var permanent = map[string]bool{
	"AccessDenied":                                true,
	"AccessDeniedException":                       true,
	"UnauthorizedOperation":                       true,
	"AuthFailure":                                 true,
	"OptInRequired":                               true,
	"ValidationError":                             true,
	"ValidationException":                         true,
	"MissingParameter":                            true,
	"InvalidParameterValue":                       true,
	"InvalidParameterCombination":                 true,
	"InvalidLaunchTemplateName.NotFoundException": true,
	"InvalidLaunchTemplateId.NotFound":            true,
	"InvalidAMIID.NotFound":                       true,
	"InvalidAMIID.Malformed":                      true,
	"InvalidSnapshot.NotFound":                    true,
	"InvalidSubnetID.NotFound":                    true,
	"InvalidGroup.NotFound":                       true,
	"TargetGroupNotFound":                         true,
	"ClusterNotFoundException":                    true, // ECS
	"StateMachineDoesNotExist":                    true,
	"DBInstanceNotFound":                          true,
	"DBClusterSnapshotNotFoundFault":              true,
	"DBInstanceAutomatedBackupNotFound":           true,
	"DBParameterGroupNotFound":                    true,
	"DBSnapshotNotFound":                          true,
	"DBSubnetGroupDoesNotCoverEnoughAZs":          true,
	"DBSubnetGroupNotFoundFault":                  true,
	"InstanceQuotaExceeded":                       true,
	"InvalidRestoreFault":                         true,
	"InvalidSubnet":                               true,
	"InvalidVPCNetworkStateFault":                 true,
	"OptionGroupNotFoundFault":                    true,
	"PointInTimeRestoreNotEnabled":                true,
	"StorageQuotaExceeded":                        true,
	"KMSKeyNotAccessibleFault":                    true,
	"ResourceNotFoundException":                   true,
	"VolumeLimitExceeded":                         true,
	"UnsupportedOperation":                        true,
}

// coded is what every AWS SDK error offers (smithy.APIError), without the SDK.
type coded interface{ ErrorCode() string }

// ClassOf says what an error means. A nil error has class "". Of errors that were
// joined, one that no retry mends decides: the others' time cannot mend it.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, part := range joined.Unwrap() {
			if class := ClassOf(part); class != TryAgain {
				return class
			}
		}
		return TryAgain
	}
	if failed, ok := err.(Failed); ok {
		return failed.Class
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return TryAgain
	}
	if api, ok := err.(coded); ok && permanent[api.ErrorCode()] {
		return Permanent
	}
	if inner := errors.Unwrap(err); inner != nil {
		return ClassOf(inner)
	}
	return TryAgain
}

// Code is the AWS error code in err, or "".
func Code(err error) string {
	var api coded
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Unanswered says whether err means that AWS did not answer: nobody was there, or
// not in time. What AWS did answer has a code.
func Unanswered(err error) bool {
	var network net.Error // a deadline that passed is one as well
	return Code(err) == "" && errors.As(err, &network)
}
