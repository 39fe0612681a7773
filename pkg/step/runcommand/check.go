package runcommand

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Check looks at the document and at those of the instances that are there already.
// None is no problem: an earlier step may launch them.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.RunCommand) ([]string, error) {
	problems, err := k.document(ctx, r, spec)
	if err != nil {
		return problems, err
	}
	now := r
	now.Drill = nil // which Check is given, and which has no instances
	ids, err := k.find(ctx, now, spec)
	if err != nil {
		return problems, err
	}
	silent, err := k.silent(ctx, ids)
	if err != nil {
		return problems, err
	}
	for _, id := range silent {
		problems = append(problems, fmt.Sprintf("Instance %s, named %s, does not answer to SSM: see whether its agent runs and its profile allows it.", id, spec.Instances))
	}
	if spec.Lag != nil && len(ids) > 0 {
		_, known, err := k.lag(ctx, spec.Lag, r.Now)
		if err != nil {
			return problems, err
		}
		if !known {
			problems = append(problems, fmt.Sprintf("The metric %s %s has no value of the last %s, and a planned run would wait for one.", spec.Lag.Namespace, spec.Lag.Name, reach))
		}
	}
	return problems, nil
}

func (k *Kind) document(ctx context.Context, r step.Run, spec plan.RunCommand) ([]string, error) {
	out, err := k.ssm.DescribeDocument(ctx, &ssm.DescribeDocumentInput{Name: aws.String(spec.Document)})
	var unknown *types.InvalidDocument
	if errors.As(err, &unknown) {
		return []string{fmt.Sprintf("There is no document %s in %s: make it, or correct the plan's \"document\".", spec.Document, r.Recovery)}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at document %s: %w", spec.Document, err)
	}
	var problems []string
	if out.Document.DocumentType != types.DocumentTypeCommand {
		problems = append(problems, fmt.Sprintf("Document %s is of type %s: only one of type %s is run on instances.", spec.Document, out.Document.DocumentType, types.DocumentTypeCommand))
	}
	known := map[string]bool{}
	for _, p := range out.Document.Parameters {
		name := aws.ToString(p.Name)
		known[name] = true
		if _, given := spec.Parameters[name]; !given && p.DefaultValue == nil {
			problems = append(problems, fmt.Sprintf("Document %s needs a value of %s: write it under \"parameters\".", spec.Document, name))
		}
	}
	for name := range spec.Parameters {
		if !known[name] {
			problems = append(problems, fmt.Sprintf("Document %s has no parameter %s: correct the plan's \"parameters\".", spec.Document, name))
		}
	}
	slices.Sort(problems)
	return problems, nil
}

// silent are the instances that SSM does not manage, or has lost.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html
func (k *Kind) silent(ctx context.Context, ids []string) ([]string, error) {
	silent := slices.Clone(ids)
	for some := range slices.Chunk(ids, most) {
		pages := ssm.NewDescribeInstanceInformationPaginator(k.ssm, &ssm.DescribeInstanceInformationInput{
			Filters: []types.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: some}},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("ask SSM about instances: %w", err)
			}
			for _, node := range page.InstanceInformationList {
				if node.PingStatus == types.PingStatusOnline {
					silent = slices.DeleteFunc(silent, func(id string) bool { return id == aws.ToString(node.InstanceId) })
				}
			}
		}
	}
	return silent, nil
}
