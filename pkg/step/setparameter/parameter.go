package setparameter

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// before is the step's output that names the version which the parameter had
// before the run.
const before = "before"

// parameter is one as it is and was: up to a hundred versions, the newest last.
type parameter struct {
	name     string
	versions []types.ParameterHistory // none: it does not exist
	tags     map[string]string
}

func (p *parameter) exists() bool { return len(p.versions) > 0 }

func (p *parameter) newest() *types.ParameterHistory { return &p.versions[len(p.versions)-1] }

func (p *parameter) value() string { return aws.ToString(p.newest().Value) }

func (p *parameter) version(n int64) *types.ParameterHistory {
	for i := range p.versions {
		if p.versions[i].Version == n {
			return &p.versions[i]
		}
	}
	return nil
}

// shown keeps a secret out of journals and logs.
func (p *parameter) shown(value string) string {
	if p.newest().Type == types.ParameterTypeSecureString {
		return "(secret)"
	}
	return value
}

// before is the version that the parameter had before this step wrote it, as the
// tag says, or the step's own entry in the journal.
func (p *parameter) before(r step.Run) (version int64, changed bool) {
	text, tagged := strings.CutPrefix(p.tags[lineage.Before], memory(r))
	if !tagged {
		text = r.Outputs[r.Step][before]
	}
	version, err := strconv.ParseInt(text, 10, 64)
	return version, err == nil
}

// memory begins the tag Before: whose it is. The tags Run and Step would say who
// made the parameter, and that may have been an earlier run.
func memory(r step.Run) string { return r.ID + "/" + r.Step + "/" }

// look reads the history rather than the parameter: it has the old values, and the
// key and the tier, which GetParameter does not tell. Decryption is ignored for a
// plain parameter, and without it a secret one could not be compared.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameterHistory.html
func (k *Kind) look(ctx context.Context, name string) (*parameter, error) {
	p := &parameter{name: name, tags: map[string]string{}}
	pages := ssm.NewGetParameterHistoryPaginator(k.ssm, &ssm.GetParameterHistoryInput{Name: aws.String(name), WithDecryption: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var unknown *types.ParameterNotFound
		if errors.As(err, &unknown) {
			return p, nil
		}
		if err != nil {
			return nil, fmt.Errorf("look at parameter %s: %w", name, err)
		}
		p.versions = append(p.versions, page.Parameters...)
	}
	if !p.exists() {
		return p, nil
	}
	out, err := k.ssm.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: aws.String(name)})
	if err != nil {
		return nil, fmt.Errorf("read the tags of parameter %s: %w", name, err)
	}
	for _, tag := range out.TagList {
		p.tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return p, nil
}

// remember tags the parameter with the version that it has now.
func (k *Kind) remember(ctx context.Context, r step.Run, p *parameter) error {
	value := memory(r) + strconv.FormatInt(p.newest().Version, 10)
	_, err := k.ssm.AddTagsToResource(ctx, &ssm.AddTagsToResourceInput{
		ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: aws.String(p.name),
		Tags: []types.Tag{{Key: aws.String(lineage.Before), Value: aws.String(value)}},
	})
	if err != nil {
		return fmt.Errorf("remember version %d of parameter %s: %w", p.newest().Version, p.name, err)
	}
	p.tags[lineage.Before] = value
	return nil
}

// forget removes the tag if it is this step's.
func (k *Kind) forget(ctx context.Context, r step.Run, p *parameter) error {
	if !strings.HasPrefix(p.tags[lineage.Before], memory(r)) {
		return nil
	}
	_, err := k.ssm.RemoveTagsFromResource(ctx, &ssm.RemoveTagsFromResourceInput{
		ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: aws.String(p.name), TagKeys: []string{lineage.Before},
	})
	if err != nil {
		return fmt.Errorf("remove the tag %s of parameter %s: %w", lineage.Before, p.name, err)
	}
	return nil
}
