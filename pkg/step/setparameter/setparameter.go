// Package setparameter is the step kind set-parameter: it writes one SSM
// parameter of the region it acts in, which is how an application learns where its
// database is.
//
// It guarantees that a parameter which already holds the value is not written
// again, and that what it held before the run can be put back: before the first
// write, a tag says which version that was. A drill writes under a path of its
// own. It does not restart what reads the parameter.
package setparameter

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// api is what this step calls, and so what its role is granted.
type api interface {
	GetParameterHistory(context.Context, *ssm.GetParameterHistoryInput, ...func(*ssm.Options)) (*ssm.GetParameterHistoryOutput, error)
	ListTagsForResource(context.Context, *ssm.ListTagsForResourceInput, ...func(*ssm.Options)) (*ssm.ListTagsForResourceOutput, error)
	PutParameter(context.Context, *ssm.PutParameterInput, ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
	AddTagsToResource(context.Context, *ssm.AddTagsToResourceInput, ...func(*ssm.Options)) (*ssm.AddTagsToResourceOutput, error)
	RemoveTagsFromResource(context.Context, *ssm.RemoveTagsFromResourceInput, ...func(*ssm.Options)) (*ssm.RemoveTagsFromResourceOutput, error)
	DeleteParameter(context.Context, *ssm.DeleteParameterInput, ...func(*ssm.Options)) (*ssm.DeleteParameterOutput, error)
}

// Kind acts in one region.
type Kind struct{ ssm api }

// New acts in the region of cfg.
func New(cfg aws.Config) *Kind { return &Kind{ssm.NewFromConfig(cfg)} }

// Advance writes the value if it is not there.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.SetParameter) (step.Progress, error) {
	value, err := r.Expand(spec.Value)
	if err != nil {
		return step.Progress{}, err
	}
	p, err := k.look(ctx, r.Drill.Path(spec.Name))
	if err != nil {
		return step.Progress{}, err
	}
	if !p.exists() {
		if err := k.create(ctx, r, p.name, value); err != nil {
			return step.Progress{}, err
		}
		return step.Progress{Done: true, Detail: fmt.Sprintf("%s is %s; it did not exist before", p.name, value)}, nil
	}
	if p.value() != value {
		if err := k.change(ctx, r, p, value); err != nil {
			return step.Progress{}, err
		}
	}
	return p.done(r, value), nil
}

// done says what the parameter holds and held, and keeps the version that it had
// before in the journal too: a later step that writes the same parameter overwrites
// the tag.
func (p *parameter) done(r step.Run, value string) step.Progress {
	progress := step.Progress{Done: true, Detail: fmt.Sprintf("%s is %s", p.name, p.shown(value))}
	if was, ok := p.before(r); ok {
		progress.Outputs = map[string]string{before: fmt.Sprint(was)}
		if old := p.version(was); old != nil {
			progress.Detail += "; before: " + p.shown(aws.ToString(old.Value))
		}
	}
	return progress
}

// create makes the parameter with its tags, which PutParameter takes only when it
// overwrites nothing.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func (k *Kind) create(ctx context.Context, r step.Run, name, value string) error {
	in := &ssm.PutParameterInput{Name: aws.String(name), Value: aws.String(value), Type: types.ParameterTypeString}
	for key, value := range r.Made() {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	if _, err := k.ssm.PutParameter(ctx, in); err != nil {
		return fmt.Errorf("make parameter %s: %w", name, err)
	}
	return nil
}

// change remembers the version that is there, unless the step did so already or
// made the parameter itself, and writes after that: a crash between the two leaves
// a tag that says what is still true.
func (k *Kind) change(ctx context.Context, r step.Run, p *parameter, value string) error {
	if _, known := p.before(r); !known && !r.Mine(p.tags) {
		if err := k.remember(ctx, r, p); err != nil {
			return err
		}
	}
	return k.write(ctx, p.name, value, p.newest())
}

// write overwrites, and keeps everything else as a version has it: what
// PutParameter is not told goes back to its default, a secret's key among it.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func (k *Kind) write(ctx context.Context, name, value string, like *types.ParameterHistory) error {
	in := &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(value), Overwrite: aws.Bool(true), Type: like.Type, Tier: like.Tier,
		Description: like.Description, AllowedPattern: like.AllowedPattern, DataType: like.DataType,
	}
	if like.Type == types.ParameterTypeSecureString {
		in.KeyId = like.KeyId
	}
	if _, err := k.ssm.PutParameter(ctx, in); err != nil {
		return fmt.Errorf("write parameter %s: %w", name, err)
	}
	return nil
}
