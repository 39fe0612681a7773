package fence

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// thing is one that a fence shuts, as AWS shows it. Each method makes one call, and
// asking AWS for what is so already does no harm.
type thing interface {
	name() string   // for people: "instance i-1"
	open() bool     // it has to be shut
	shut() bool     // AWS shows that it takes no writes
	noted() string  // how it was, as this run's step noted on it; empty: no note
	restored() bool // it is as noted
	remember(context.Context) error
	close(context.Context) error
	restore(context.Context) error
	forget(context.Context) error
}

// region is the one that is left.
type region struct {
	servers   servers
	groups    groups
	databases databases
}

func in(cfg aws.Config, name string) region {
	there := cfg.Copy()
	there.Region = name
	return region{ec2.NewFromConfig(there), autoscaling.NewFromConfig(there), rds.NewFromConfig(there)}
}

// look reads everything that the plan names: clients of a database before it.
func (in region) look(ctx context.Context, by string, spec plan.Fence) ([]thing, error) {
	var all []thing
	for _, look := range []func(context.Context, string, plan.Fence) ([]thing, error){in.lookGroups, in.lookServers, in.lookDatabases} {
		found, err := look(ctx, by, spec)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// note is how something was before, as a tag: who noted it, and a word or more. All
// three services take letters, digits, spaces and these signs: + - = . _ : / @
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html
func note(by, was string) string { return by + " " + was }

// read is what a note of ours says; empty: it is none.
func read(by, value string) string {
	was, ours := strings.CutPrefix(value, by+" ")
	if !ours {
		return ""
	}
	return was
}

const tag = lineage.Before
