package keys

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// Side is which of a copy's two keys is meant.
type Side string

// The source key decrypts what is copied; the destination key encrypts the copy.
const (
	Source      Side = "source"
	Destination Side = "destination"
)

// Problem is what is wrong with one key, in words.
type Problem struct {
	Side   Side
	Region string
	Key    string // as the policy or the source names it
	What   string // what is wrong
	Do     string // what mends it
	Sure   bool   // it is certain; otherwise the copy is begun all the same
}

// Error names side, region, key, fault and remedy.
func (p Problem) Error() string {
	return fmt.Sprintf("%s key %s in %s: %s; %s", p.Side, p.Key, p.Region, p.What, p.Do)
}

// Unwrap gives it its class: doing the same again does not mend a key.
func (p Problem) Unwrap() error { return failure.Failed{Class: failure.Permanent, Message: p.Error()} }

// Each are the texts of the problems in an error of Check.
func Each(err error) []string {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []string{err.Error()}
	}
	var all []string
	for _, one := range joined.Unwrap() {
		all = append(all, Each(one)...)
	}
	return all
}

// untouched is what to do about a doubt.
const untouched = "the copies are begun all the same"

// wrong says what a key's own description shows: only an enabled, symmetric key
// that encrypts can be a key of EBS or RDS.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
// https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html
func wrong(key *types.KeyMetadata, region, service string) (what, do string) {
	on := fmt.Sprintf(" --key-id %s --region %s", aws.ToString(key.Arn), region)
	switch key.KeyState {
	case types.KeyStateDisabled:
		return "it is disabled", "enable it: aws kms enable-key" + on
	case types.KeyStatePendingDeletion, types.KeyStatePendingReplicaDeletion:
		return "it will be deleted " + date(key), "keep it: aws kms cancel-key-deletion" + on + ", and then aws kms enable-key" + on
	case types.KeyStatePendingImport:
		return "its key material is missing or has expired", "import it again: aws kms import-key-material" + on
	case types.KeyStateUnavailable:
		return "its key store is disconnected", "connect it: aws kms connect-custom-key-store"
	case types.KeyStateCreating:
		return "it is still being made", "wait: the next pass looks again"
	}
	if key.KeySpec != types.KeySpecSymmetricDefault || key.KeyUsage != types.KeyUsageTypeEncryptDecrypt {
		return fmt.Sprintf("it is a key of %s for %s, and %s takes none but symmetric keys that encrypt", key.KeySpec, key.KeyUsage, service),
			"name one of SYMMETRIC_DEFAULT for ENCRYPT_DECRYPT"
	}
	return "", ""
}

func date(key *types.KeyMetadata) string {
	if key.DeletionDate == nil {
		return "when its last replica is gone"
	}
	return "on " + key.DeletionDate.UTC().Format("2006-01-02")
}

// absent says what to do about a key that is not there. An alias is one region's.
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
func absent(side Side, key, region, things string) string {
	switch {
	case side == Source:
		return "nothing can read this data without its key: take new snapshots of " + things + " under another one"
	case strings.Contains(key, "alias/"):
		return fmt.Sprintf("make the alias there: aws kms create-alias --alias-name %s --target-key-id … --region %s", key[strings.Index(key, "alias/"):], region)
	}
	return "name a key of that region, best by an alias that both regions have"
}
