// Package setparameter is the step kind set-parameter: it writes one SSM
// parameter of the recovery region, which is how an application learns where
// its database is.
//
// It guarantees that a parameter which already holds the value is not written
// again, so that its version counts changes. It does not restart what reads it.
package setparameter

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// api is what this step calls, and so what its role is granted.
type api interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
	PutParameter(context.Context, *ssm.PutParameterInput, ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
}

// Kind acts in one region.
type Kind struct{ ssm api }

// New acts in the region of cfg, which is the recovery region.
func New(cfg aws.Config) *Kind { return &Kind{ssm.NewFromConfig(cfg)} }

// Advance writes the value if it is not there.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.SetParameter) (step.Progress, error) {
	value, err := Expand(spec.Value, r.Outputs)
	if err != nil {
		return step.Progress{}, err
	}
	now, err := k.look(ctx, spec.Name)
	if err != nil {
		return step.Progress{}, err
	}
	if now != nil && aws.ToString(now.Value) == value {
		return done("%s is %s", spec.Name, shown(now, value)), nil
	}
	if err := k.write(ctx, spec.Name, value, now); err != nil {
		return step.Progress{}, err
	}
	if now == nil {
		return done("%s is %s; it did not exist before", spec.Name, value), nil
	}
	return done("%s is %s; before: %s", spec.Name, shown(now, value), shown(now, aws.ToString(now.Value))), nil
}

// look answers nil when the parameter does not exist. Decryption is ignored for
// a plain parameter, and without it a secret one could not be compared.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
func (k *Kind) look(ctx context.Context, name string) (*types.Parameter, error) {
	out, err := k.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name), WithDecryption: aws.Bool(true)})
	var unknown *types.ParameterNotFound
	if errors.As(err, &unknown) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at parameter %s: %w", name, err)
	}
	return out.Parameter, nil
}

// write keeps the type of a parameter that exists: PutParameter needs a type only
// to create one. A SecureString under a key of one's own comes back under the
// account's default key, because no key is named here; the plan's parameters
// hold host names, so no grant to list keys is worth having.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func (k *Kind) write(ctx context.Context, name, value string, now *types.Parameter) error {
	kind := types.ParameterTypeString
	if now != nil {
		kind = now.Type
	}
	_, err := k.ssm.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(value), Type: kind, Overwrite: aws.Bool(true),
	})
	if err != nil {
		return fmt.Errorf("write parameter %s: %w", name, err)
	}
	return nil
}

// shown keeps a secret out of journals and logs.
func shown(p *types.Parameter, value string) string {
	if p.Type == types.ParameterTypeSecureString {
		return "(secret)"
	}
	return value
}

func done(format string, args ...any) step.Progress {
	return step.Progress{Done: true, Detail: fmt.Sprintf(format, args...)}
}
