package step

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Token is the idempotency token of one request of this run and step. Parts
// name everything that may make two requests of the step differ, because AWS
// answers IdempotentParameterMismatch when one token carries two requests. It
// has EC2's longest length, 64 ASCII characters.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
func (r Run) Token(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{r.ID, r.Step}, parts...), "\n")))
	return hex.EncodeToString(sum[:])
}
