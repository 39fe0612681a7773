package promotedatabase

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// before is how a database was before the step changed it, as a tag on it: four
// words, because a tag takes neither quotes nor braces.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html
type before struct {
	by      string // the run: a second step on the database leaves the first one's note alone
	class   string
	multiAZ bool
	replica bool
}

const (
	wasReplica = "replica"
	wasPrimary = "primary"
	oneZone    = "single-az"
	manyZones  = "multi-az"
)

func (b before) String() string {
	zones, role := oneZone, wasPrimary
	if b.multiAZ {
		zones = manyZones
	}
	if b.replica {
		role = wasReplica
	}
	return strings.Join([]string{b.by, b.class, zones, role}, " ")
}

// remembered is what this run wrote on the database; false: nothing.
func remembered(r step.Run, db *types.DBInstance) (before, bool) {
	for _, tag := range db.TagList {
		words := strings.Fields(aws.ToString(tag.Value))
		if aws.ToString(tag.Key) == lineage.Before && len(words) == 4 && words[0] == r.ID {
			return before{by: words[0], class: words[1], multiAZ: words[2] == manyZones, replica: words[3] == wasReplica}, true
		}
	}
	return before{}, false
}

// remember writes down how the database is, once a run and before the first change.
func (k *Kind) remember(ctx context.Context, r step.Run, db *types.DBInstance) error {
	if _, ok := remembered(r, db); ok {
		return nil
	}
	was := before{by: r.ID, class: aws.ToString(db.DBInstanceClass), multiAZ: aws.ToBool(db.MultiAZ), replica: follows(db)}
	_, err := k.rds.AddTagsToResource(ctx, &rds.AddTagsToResourceInput{
		ResourceName: db.DBInstanceArn, Tags: []types.Tag{{Key: aws.String(lineage.Before), Value: aws.String(was.String())}},
	})
	if err != nil {
		return fmt.Errorf("note on %s how it was: %w", aws.ToString(db.DBInstanceIdentifier), err)
	}
	return nil
}

func (k *Kind) forget(ctx context.Context, db *types.DBInstance) error {
	_, err := k.rds.RemoveTagsFromResource(ctx, &rds.RemoveTagsFromResourceInput{ResourceName: db.DBInstanceArn, TagKeys: []string{lineage.Before}})
	if err != nil {
		return fmt.Errorf("take the note off %s: %w", aws.ToString(db.DBInstanceIdentifier), err)
	}
	return nil
}
