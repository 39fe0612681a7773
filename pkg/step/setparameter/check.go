package setparameter

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// most is how many versions SSM keeps: a write deletes the oldest, unless that has
// a label, and is refused then.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
const most = 100

// own is the key of the account for secrets, which everybody of the account who
// may use the parameter may use.
// https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
const own = "alias/aws/ssm"

// Check reads the parameter as the step would: there is no dry run of a write.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.SetParameter) ([]string, error) {
	p, err := k.look(ctx, spec.Name)
	if err != nil {
		return nil, err
	}
	problems := p.problems()
	if r.Drill != nil {
		drilled, err := k.look(ctx, r.Drill.Path(spec.Name))
		if err != nil {
			return problems, err
		}
		if drilled.exists() && drilled.tags[lineage.Drill] == "" {
			problems = append(problems, fmt.Sprintf("A drill would write %s, which no drill made: give the plan's drill another suffix.", drilled.name))
		}
	}
	return problems, nil
}

func (p *parameter) problems() []string {
	var problems []string
	if !p.exists() {
		return nil
	}
	newest := p.newest()
	if key := aws.ToString(newest.KeyId); newest.Type == types.ParameterTypeSecureString && key != "" && key != own {
		problems = append(problems, fmt.Sprintf("%s is a secret under the key %s, which the step's role may not use: make it a String, or keep it under %s.", p.name, key, own))
	}
	if len(p.versions) >= most && len(p.versions[0].Labels) > 0 {
		problems = append(problems, fmt.Sprintf("%s has %d versions and the oldest has a label, so that no other can be written: move the label to a newer version.", p.name, len(p.versions)))
	}
	return problems
}
