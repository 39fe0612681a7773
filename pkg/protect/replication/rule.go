package replication

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// pair is a bucket and the one that it should replicate to.
type pair struct{ source, replica string }

// whole finds the rule that replicates all of the source to the replica. Without
// one it says why, and what to write.
func (p pair) whole(rules []types.ReplicationRule) (*types.ReplicationRule, string) {
	var there []types.ReplicationRule
	for _, rule := range rules {
		if rule.Destination != nil && strings.HasSuffix(aws.ToString(rule.Destination.Bucket), ":::"+p.replica) {
			there = append(there, rule)
		}
	}
	if len(there) == 0 {
		return nil, fmt.Sprintf("no rule of bucket %s replicates to %s: add one without a filter, with delete markers and with replication metrics", p.source, p.replica)
	}
	// Of several rules for one object and destination S3 takes the one with the
	// highest priority.
	// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationRule.html
	slices.SortStableFunc(there, func(a, b types.ReplicationRule) int {
		return int(aws.ToInt32(b.Priority)) - int(aws.ToInt32(a.Priority))
	})
	var parts []string
	for i, rule := range there {
		part := covers(rule)
		switch {
		case rule.Status != types.ReplicationRuleStatusEnabled:
			parts = append(parts, fmt.Sprintf("rule %s is disabled", aws.ToString(rule.ID)))
		case part != "":
			parts = append(parts, fmt.Sprintf("rule %s takes only %s", aws.ToString(rule.ID), part))
		default:
			return &there[i], ""
		}
	}
	return nil, fmt.Sprintf("bucket %s replicates no more than a part of itself to %s (%s): enable a rule without a filter", p.source, p.replica, strings.Join(parts, ", "))
}

// covers says which objects a rule takes; empty: all.
func covers(rule types.ReplicationRule) string {
	//lint:ignore SA1019 the earlier version of a configuration has no filter, and S3 still takes and gives it
	prefix, tags := aws.ToString(rule.Prefix), 0
	if f := rule.Filter; f != nil {
		prefix = aws.ToString(f.Prefix)
		if f.Tag != nil {
			tags = 1
		}
		if f.And != nil {
			prefix, tags = aws.ToString(f.And.Prefix), len(f.And.Tags)
		}
	}
	switch {
	case tags > 0:
		return "objects with certain tags"
	case prefix != "":
		return fmt.Sprintf("objects under %q", prefix)
	}
	return ""
}

// lacks is what a rule for everything still leaves behind.
func (p pair) lacks(rule *types.ReplicationRule, encrypted bool) []string {
	var lacks []string
	say := func(format string) {
		lacks = append(lacks, fmt.Sprintf("rule %s of bucket %s ", aws.ToString(rule.ID), p.source)+format)
	}
	// A configuration of the earlier version, which has no filter, replicates them.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-marker-replication.html
	markers := rule.DeleteMarkerReplication
	if rule.Filter != nil && (markers == nil || markers.Status != types.DeleteMarkerReplicationStatusEnabled) {
		say("leaves delete markers out, so what was deleted comes back after a failover: enable DeleteMarkerReplication")
	}
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
	if encrypted && !selectsEncrypted(rule) {
		say("leaves out objects that are encrypted with a KMS key, as the bucket does by default: enable SseKmsEncryptedObjects and name the replica's key (ReplicaKmsKeyID)")
	}
	if m := rule.Destination.Metrics; m == nil || m.Status != types.MetricsStatusEnabled {
		say("has no replication metrics, so nobody can tell how far behind the replica is: enable Metrics of its destination")
	}
	return lacks
}

func selectsEncrypted(rule *types.ReplicationRule) bool {
	criteria, encryption := rule.SourceSelectionCriteria, rule.Destination.EncryptionConfiguration
	return criteria != nil && criteria.SseKmsEncryptedObjects != nil &&
		criteria.SseKmsEncryptedObjects.Status == types.SseKmsEncryptedObjectsStatusEnabled &&
		encryption != nil && aws.ToString(encryption.ReplicaKmsKeyID) != ""
}
