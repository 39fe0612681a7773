package databases

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// RDS copies neither option group nor parameter group to another region, so the
// policy names those of the other side, and a pass checks that they fit. A copy
// without its options can still be restored, and one with a wrong group cannot be
// made: so a group that does not fit is a problem, and the copy is made without.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html

// options is the option group for the copy of a snapshot; empty: the default one.
func (p *pass) options(ctx context.Context, of snapshot) (string, error) {
	mapped := p.Policy.Database.OptionGroup
	if mapped == "" || !p.mapped() {
		return "", nil
	}
	g, err := p.to.optionGroup(ctx, mapped)
	if err != nil {
		return "", err
	}
	if why := g.misfit("option group", p.To.Region, of.engine, of.version); why != "" {
		p.problem("%s", why)
		return "", nil
	}
	return mapped, nil
}

func (s *side) optionGroup(ctx context.Context, name string) (group, error) {
	out, err := s.DescribeOptionGroups(ctx, &rds.DescribeOptionGroupsInput{OptionGroupName: aws.String(name)})
	switch {
	case failure.Code(err) == "OptionGroupNotFoundFault":
		return group{name: name}, nil
	case err != nil:
		return group{}, fmt.Errorf("look at option group %s in %s: %w", name, s.Region, err)
	case len(out.OptionGroupsList) == 0:
		return group{name: name}, nil
	}
	found := out.OptionGroupsList[0]
	return group{name: name, engine: aws.ToString(found.EngineName), major: aws.ToString(found.MajorEngineVersion)}, nil
}

// mapped: the policy's groups are those of the recovery region. On the way back the
// primary region has its own.
func (p *pass) mapped() bool { return p.To.Region == p.Recovery }

// unmapped says which groups of a database the policy names no counterpart of.
func (p *pass) unmapped(source *database) []string {
	if !p.mapped() {
		return nil
	}
	var lacks []string
	if d := p.Policy.Database; custom(source.options) && d.OptionGroup == "" {
		lacks = append(lacks, fmt.Sprintf("%s uses option group %s, which RDS does not copy: make one with the same options in %s and write option-group: %s", source.name, source.options, p.To.Region, source.options))
	}
	if d := p.Policy.Database; custom(source.parameters) && d.ParameterGroup == "" {
		lacks = append(lacks, fmt.Sprintf("%s uses parameter group %s, which RDS does not copy: make one with the same parameters in %s and write parameter-group: %s", source.name, source.parameters, p.To.Region, source.parameters))
	}
	return lacks
}

// misfits looks at the groups that the policy names, and says which do not fit.
func (p *pass) misfits(ctx context.Context, source *database) ([]string, error) {
	if !p.mapped() {
		return nil, nil
	}
	d := p.Policy.Database
	var lacks []string
	var options, parameters group
	var failedOptions, failedParameters error
	if d.OptionGroup != "" {
		options, failedOptions = p.to.optionGroup(ctx, d.OptionGroup)
		lacks = append(lacks, options.misfit("option group", p.To.Region, source.engine, source.version))
	}
	if d.ParameterGroup != "" {
		parameters, failedParameters = p.to.parameters(ctx, d.ParameterGroup)
		lacks = append(lacks, parameters.misfit("parameter group", p.To.Region, source.engine, source.version))
	}
	return lacks, errors.Join(failedOptions, failedParameters)
}

func (s *side) parameters(ctx context.Context, name string) (group, error) {
	found, err := s.parameterGroup(ctx, name)
	// The code is the same for a cluster's.
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBClusterParameterGroups.html
	if err != nil && failure.Code(err) != "DBParameterGroupNotFound" {
		return group{}, fmt.Errorf("look at parameter group %s in %s: %w", name, s.Region, err)
	}
	found.name = name
	return found, nil
}

// custom: a group that a team made. The default ones are called default:mysql-8-0
// and default.mysql8.0.
func custom(group string) bool { return group != "" && !strings.HasPrefix(group, "default") }

// misfit says why a group cannot be used for an engine; empty: it can.
func (g group) misfit(kind, region, engine, version string) string {
	is := strings.TrimSpace(g.engine + " " + g.major + g.family)
	switch {
	case is == "":
		return fmt.Sprintf("there is no %s %s in %s: make it there, for %s %s, or name another", kind, g.name, region, engine, version)
	case g.family != "" && g.family != engine && within(version, strings.TrimPrefix(strings.TrimPrefix(g.family, engine), "-")):
		return ""
	case g.engine == engine && within(version, g.major):
		return ""
	}
	return fmt.Sprintf("%s %s in %s is for %s, but the database is %s %s: name one for that", kind, g.name, region, is, engine, version)
}

// within says whether a version is one of a major version's: 15.00.4236.7.v1 of
// 15.0, and 8.0.35 of 8.0.
func within(version, major string) bool {
	parts := strings.Split(version, ".")
	for i, want := range strings.Split(major, ".") {
		if i >= len(parts) {
			return false
		}
		a, err := strconv.Atoi(want)
		b, err2 := strconv.Atoi(parts[i])
		if err != nil || err2 != nil || a != b {
			return false
		}
	}
	return true
}
