package front

import (
	"context"
	"fmt"
)

// DefaultCopiesInFlight is how many snapshot copies may be under way to one
// destination region: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
const DefaultCopiesInFlight = 20

// refuseCopy is CopySnapshot's before: the source must be complete, and a slot free.
// The words are AWS's: https://github.com/aws-samples/copy-encrypted-ami/issues/3
func refuseCopy(f *Front, ctx context.Context, x *exchange) *failure {
	if refusal := refuseUnready(f, ctx, x); refusal != nil {
		return refusal
	}
	if len(f.pending.list(x.who.Region, copied, x.now)) >= f.copyLimit {
		return fail("ResourceLimitExceeded", fmt.Sprintf("Too many snapshot copies in progress. The limit is %d for this destination region.", f.copyLimit))
	}
	return nil
}
