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

// Undo deletes the parameter that the step made, or writes back the version that
// it changed.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.SetParameter) (step.Progress, error) {
	p, err := k.look(ctx, r.Drill.Path(spec.Name))
	if err != nil {
		return step.Progress{}, err
	}
	if !p.exists() {
		return step.Nothing(p.name + " does not exist"), nil
	}
	if version, changed := p.before(r); changed {
		return k.restore(ctx, r, spec, p, version)
	}
	if !r.Mine(p.tags) {
		return step.Nothing(p.name + " was not changed"), nil
	}
	_, err = k.ssm.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String(p.name)})
	var unknown *types.ParameterNotFound
	if err != nil && !errors.As(err, &unknown) {
		return step.Progress{}, fmt.Errorf("delete parameter %s: %w", p.name, err)
	}
	return step.Progress{Done: true, Detail: p.name + " is deleted: it did not exist before"}, nil
}

// restore writes the old version over what this step wrote, and over nothing else.
func (k *Kind) restore(ctx context.Context, r step.Run, spec plan.SetParameter, p *parameter, version int64) (step.Progress, error) {
	was := p.version(version)
	if was == nil {
		return left("Parameter %s had version %d before the run, which SSM does not keep any more: write its value back.", p.name, version), nil
	}
	if p.value() != aws.ToString(was.Value) {
		written, err := r.Expand(spec.Value)
		if err != nil {
			return step.Progress{}, err
		}
		if p.value() != written {
			return left("Parameter %s was written by somebody else after the step: see whether the value of version %d, from before the run, is wanted again.", p.name, version), nil
		}
		if err := k.write(ctx, p.name, aws.ToString(was.Value), was); err != nil {
			return step.Progress{}, err
		}
	}
	if err := k.forget(ctx, r, p); err != nil {
		return step.Progress{}, err
	}
	return step.Progress{Done: true, Detail: fmt.Sprintf("%s is %s again", p.name, p.shown(aws.ToString(was.Value)))}, nil
}

func left(format string, args ...any) step.Progress {
	return step.Progress{Done: true, Left: fmt.Sprintf(format, args...)}
}
