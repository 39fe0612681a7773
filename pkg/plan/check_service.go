package plan

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

func checkCreateStack(c stepCheck, spec *CreateStack) {
	for _, name := range slices.Sorted(maps.Keys(spec.Parameters)) {
		c.references(below(c.path+".parameters", name), spec.Parameters[name])
	}
	c.checkDrillName("stack", spec.Stack, 128)
	if of := bucketRegion(spec.Template); of != "" && c.plan.Recovery != "" && of != c.plan.Recovery {
		_, acts := c.course.sides()
		c.wrong(c.path+".template", fmt.Sprintf("is in %s, and the stack is made in %s, which may be all that is left", of, acts), "a bucket in "+c.plan.Recovery)
	}
}

// s3Host is an S3 endpoint that names its region.
// https://docs.aws.amazon.com/general/latest/gr/s3.html
var s3Host = regexp.MustCompile(`(?:^|\.)s3[.-](?:dualstack\.)?([a-z]{2,4}(?:-[a-z]+){1,2}-[1-9])\.amazonaws\.`)

// bucketRegion is the region of an S3 address; empty: the address does not say it.
func bucketRegion(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if found := s3Host.FindStringSubmatch(u.Hostname()); found != nil {
		return found[1]
	}
	return ""
}

func checkEventSource(c stepCheck, spec *EventSource) {
	parts := strings.SplitN(spec.Source, ":", 6) // arn:aws:sqs:us-west-2:111122223333:orders
	if len(parts) == 6 && parts[3] != "" && c.plan.Recovery != "" && parts[3] != c.plan.Recovery {
		_, acts := c.course.sides()
		c.wrong(c.path+".source", fmt.Sprintf("is in %s, and the function is in %s", parts[3], acts), "a source in "+c.plan.Recovery)
	}
}

func checkSetParameter(c stepCheck, spec *SetParameter) {
	c.references(c.path+".value", spec.Value)
	c.checkDrillPath(spec.Name)
}

// checkDrillPath refuses a parameter that has no room for a drill's prefix: SSM
// allows fifteen levels.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
func (c stepCheck) checkDrillPath(name string) {
	if c.drill == nil || c.course != CourseRecover {
		return
	}
	if problem, _ := parameterName(name); problem != "" {
		return
	}
	if problem, _ := parameterName(c.drill.Path(name)); problem != "" {
		c.wrong(c.path+".name", "a drill would write it below /"+c.drill.Suffix+", one level deeper than SSM allows", "a shorter path")
	}
}

func checkInvokeFunction(c stepCheck, spec *InvokeFunction) { c.tree(c.path+".input", spec.Input) }

// tree holds the references in every text of a value against the steps before.
func (c stepCheck) tree(path string, value any) {
	switch value := value.(type) {
	case string:
		if _, err := References(value); err != nil {
			c.wrong(path, err.Error(), aReference)
		}
		c.references(path, value)
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			c.tree(below(path, key), value[key])
		}
	case []any:
		for i, v := range value {
			c.tree(fmt.Sprintf("%s[%d]", path, i), v)
		}
	}
}

func checkRunPlan(c stepCheck, spec *RunPlan) {
	if spec.Plan != "" && spec.Plan == c.plan.Name {
		c.wrong(c.path+".plan", "is this plan itself", "the name of another plan")
	}
}

func checkResumeProtection(c stepCheck, _ *ResumeProtection) {
	if len(c.plan.Protect) == 0 {
		c.wrong(c.path, "there is nothing under protect that it could turn round", "nothing: leave the step out")
	}
}

func checkVerify(c stepCheck, spec *Verify) {
	if !c.says("url") && !c.says("targets") && !c.says("alarms") {
		c.wrong(c.path, "looks at nothing", "url: "+examples["url"]+", targets or alarms")
	}
	if spec.For >= c.step.Timeout {
		c.wrong(c.path+".for", fmt.Sprintf("%s of good answers do not fit in the step's timeout of %s", spec.For, c.step.Timeout),
			fmt.Sprintf("a longer timeout than %s", spec.For))
	}
	if !c.says("url") {
		c.idle("it is asked in the place of url", "drill-url")
	}
	c.apart("drill-url", spec.DrillURL, spec.URL)
}
