package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

func runPrefix(runID string) string { return "run/" + runID + "/" }

// pinsItems are where a run's pins are: those that it was opened with, and those from
// after its fence, which count before them.
func pinsItems(runID string) [2]string {
	return [2]string{runPrefix(runID) + "pins", runPrefix(runID) + "pins-fenced"}
}

func key(plan, item string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{partitionKey: text(plan), sortKey: text(item)}
}

func encode(plan, name string, value any) (map[string]types.AttributeValue, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write %s of plan %s: %w", name, plan, err)
	}
	item := key(plan, name)
	item[body] = text(string(raw))
	return item, nil
}

func decode(item map[string]types.AttributeValue, into any) error {
	raw, ok := item[body].(*types.AttributeValueMemberS)
	if !ok {
		return failure.Permanentf("the ledger's item has no %q: it was not written by Pilotlight", body)
	}
	if err := json.Unmarshal([]byte(raw.Value), into); err != nil {
		return failure.Permanentf("the ledger's item was not written by Pilotlight: %v", err)
	}
	return nil
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

func conditionFailed(err error) bool {
	var failed *types.ConditionalCheckFailedException
	return errors.As(err, &failed)
}

// serverTime is the Date header of AWS's answer.
func serverTime(metadata middleware.Metadata) (time.Time, error) {
	now, ok := awsmiddleware.GetServerTime(metadata)
	if !ok {
		return time.Time{}, errors.New("DynamoDB's answer carries no date, so nothing can be dated by it")
	}
	return now.UTC(), nil
}
