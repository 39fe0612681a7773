package blueprint

import (
	"strings"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/posture"
)

// alsoDrilled are the names under which a step makes something: in a drill another.
func alsoDrilled(p *plan.Plan, name func(*plan.Drill) string) []string {
	names := []string{name(nil)}
	if p.Drill != nil {
		names = append(names, name(p.Drill))
	}
	return names
}

// parameterGrants: what is deleted is what a run has made, by its tag.
func parameterGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var parameters []string
	for _, s := range steps {
		for _, name := range alsoDrilled(p, func(d *plan.Drill) string { return d.Path(s.Spec.(*plan.SetParameter).Name) }) {
			parameters = append(parameters, regional("ssm", p.Recovery, "parameter"+name))
		}
	}
	return []Grant{
		{Actions: []string{"ssm:GetParameterHistory", "ssm:ListTagsForResource", "ssm:PutParameter", "ssm:AddTagsToResource", "ssm:RemoveTagsFromResource"},
			Resources: parameters, Regions: []string{p.Recovery}},
		{Actions: []string{"ssm:DeleteParameter"}, Resources: parameters, Regions: []string{p.Recovery}, Condition: ours(p)},
	}
}

// shiftGrants are of the ways that the plan uses, beside the one that watches. Route 53 and ARC's clusters are of
// no region.
func shiftGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var grants []Grant
	for _, s := range steps {
		switch spec := s.Spec.(*plan.ShiftTraffic); spec.Via {
		case plan.ViaRoutingControl:
			grants = append(grants, Grant{
				Actions:   []string{"route53-recovery-cluster:GetRoutingControlState", "route53-recovery-cluster:UpdateRoutingControlStates"},
				Resources: []string{spec.PrimaryControl, spec.RecoveryControl},
			})
		case plan.ViaWeights, plan.ViaCNAME:
			grants = append(grants, recordGrants(spec)...)
		}
	}
	return grants
}

// watches lets shift-traffic read the posture's metric, which is where Pilotlight
// lives, whichever way users are moved.
func (b *Blueprint) watches(p *plan.Plan) []Grant {
	for s := range p.Steps() {
		if spec, ok := s.Spec.(*plan.ShiftTraffic); ok && spec.Via == plan.ViaHealthCheck {
			return []Grant{{Actions: []string{"cloudwatch:GetMetricStatistics"}, Resources: []string{"*"}, Regions: []string{b.Recovery},
				Because: "GetMetricStatistics has no resource level; it only reads " + posture.Namespace(p.Name)}}
		}
	}
	return nil
}

// recordGrants are for the record and the TXT record beside it, whose name ends in
// the record's.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
func recordGrants(spec *plan.ShiftTraffic) []Grant {
	zone := []string{"arn:${Partition}:route53:::hostedzone/" + spec.Zone}
	grants := []Grant{
		{Actions: []string{"route53:ListResourceRecordSets"}, Resources: zone},
		{Actions: []string{"route53:GetChange"}, Resources: []string{"arn:${Partition}:route53:::change/*"}},
	}
	for _, record := range []string{spec.Record, spec.DrillRecord} {
		if record != "" {
			grants = append(grants, Grant{Actions: []string{"route53:ChangeResourceRecordSets"}, Resources: zone, Condition: map[string]map[string]string{
				"ForAllValues:StringLike": {"route53:ChangeResourceRecordSetsNormalizedRecordNames": "*" + strings.ToLower(strings.TrimSuffix(record, "."))},
			}})
		}
	}
	return grants
}

// stackGrants: CloudFormation reads the template with the step's rights, and makes
// the resources with those of the role that it is passed.
func stackGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var stacks, templates, roles []string
	for _, s := range steps {
		spec := s.Spec.(*plan.CreateStack)
		for _, name := range alsoDrilled(p, func(d *plan.Drill) string { return d.Named(spec.Stack) }) {
			stacks = append(stacks, regional("cloudformation", p.Recovery, "stack/"+name+"/*"))
		}
		if object := templateObject(spec.Template); object != "" {
			templates = append(templates, "arn:${Partition}:s3:::"+object)
		}
		if spec.Role != "" {
			roles = append(roles, "arn:${Partition}:iam::${Account}:role/"+spec.Role)
		}
	}
	grants := []Grant{
		{Actions: []string{"cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents", "cloudformation:CreateStack", "cloudformation:TagResource"},
			Resources: stacks, Regions: []string{p.Recovery}},
		{Actions: []string{"cloudformation:DeleteStack"}, Resources: stacks, Regions: []string{p.Recovery}, Condition: ours(p)},
		{Actions: []string{"cloudformation:ValidateTemplate"}, Resources: []string{"*"}, Regions: []string{p.Recovery}, Because: "ValidateTemplate has no resource level"},
	}
	if len(templates) > 0 {
		grants = append(grants, Grant{Actions: []string{"s3:GetObject"}, Resources: templates, Regions: []string{p.Recovery}})
	}
	if len(roles) > 0 {
		grants = append(grants, Grant{Actions: []string{"iam:PassRole"}, Resources: roles,
			Condition: map[string]map[string]string{"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}})
	}
	return grants
}

// templateObject is bucket and key of a template's URL, in either of S3's styles.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
func templateObject(url string) string {
	host, key, found := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
	switch bucket, _, virtual := strings.Cut(host, ".s3"); {
	case !found:
		return ""
	case strings.HasPrefix(host, "s3.") || strings.HasPrefix(host, "s3-"):
		return key
	case virtual:
		return bucket + "/" + key
	}
	return ""
}

// eventSourceGrants: a mapping's id is not known, but its function is, of which it may
// take an alias or a version. No function's name has a colon.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
func eventSourceGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	mappings := []string{regional("lambda", p.Recovery, "event-source-mapping:*")}
	grants := []Grant{
		{Actions: []string{"lambda:ListEventSourceMappings"}, Resources: []string{"*"}, Regions: []string{p.Recovery}, Because: "ListEventSourceMappings has no resource level"},
		{Actions: []string{"lambda:ListTags"}, Resources: mappings, Regions: []string{p.Recovery}},
		{Actions: []string{"lambda:TagResource", "lambda:UntagResource"}, Resources: mappings, Regions: []string{p.Recovery}, Condition: noted()},
	}
	for _, s := range steps {
		function := regional("lambda", p.Recovery, "function:"+s.Spec.(*plan.EventSource).Function)
		for _, arn := range []string{function, function + ":*"} {
			grants = append(grants, Grant{Actions: []string{"lambda:UpdateEventSourceMapping"}, Resources: mappings, Regions: []string{p.Recovery},
				Condition: map[string]map[string]string{"ArnLike": {"lambda:FunctionArn": arn}}})
		}
	}
	return grants
}

func invokeGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var functions []string
	for _, s := range steps {
		functions = append(functions, regional("lambda", p.Recovery, "function:"+s.Spec.(*plan.InvokeFunction).Function))
	}
	return []Grant{{Actions: []string{"lambda:InvokeFunction", "lambda:GetFunctionConfiguration"}, Resources: functions, Regions: []string{p.Recovery}}}
}

// commandGrants: a command goes to a document and to instances, which are told by
// their name.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html
func commandGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var documents []string
	var to []Grant
	lag := false
	for _, s := range steps {
		spec := s.Spec.(*plan.RunCommand)
		lag = lag || spec.Lag != nil
		document := regional("ssm", p.Recovery, "document/"+spec.Document)
		if strings.HasPrefix(spec.Document, "AWS-") { // Amazon's own are of no account
			document = "arn:${Partition}:ssm:" + p.Recovery + "::document/" + spec.Document
		}
		documents = append(documents, document)
		for _, name := range alsoDrilled(p, func(d *plan.Drill) string { return d.Named(spec.Instances) }) {
			to = append(to, Grant{Actions: []string{"ssm:SendCommand"}, Resources: []string{regional("ec2", p.Recovery, "instance/*")}, Regions: []string{p.Recovery},
				Condition: map[string]map[string]string{"StringEquals": {"aws:ResourceTag/Name": name}}})
		}
	}
	grants := append(to,
		Grant{Actions: []string{"ssm:SendCommand", "ssm:DescribeDocument"}, Resources: documents, Regions: []string{p.Recovery}},
		Grant{Actions: []string{"ssm:ListCommands", "ssm:ListCommandInvocations", "ssm:DescribeInstanceInformation"}, Resources: []string{"*"}, Regions: []string{p.Recovery},
			Because: "SSM's lists of commands and of instances have no resource level"},
		see(p.Recovery, "ec2:DescribeInstances"))
	if lag {
		grants = append(grants, Grant{Actions: []string{"cloudwatch:GetMetricStatistics"}, Resources: []string{"*"}, Regions: []string{p.Recovery},
			Because: "GetMetricStatistics has no resource level; it only reads the lag that the plan names"})
	}
	return grants
}

func verifyGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var targets, alarms bool
	for _, s := range steps {
		spec := s.Spec.(*plan.Verify)
		targets, alarms = targets || spec.Targets != "", alarms || len(spec.Alarms) > 0
	}
	var grants []Grant
	if targets {
		grants = append(grants, Grant{Actions: []string{"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth"}, Resources: []string{"*"},
			Regions: []string{p.Recovery}, Because: "ELB Describe actions have no resource level"})
	}
	if alarms {
		grants = append(grants, Grant{Actions: []string{"cloudwatch:DescribeAlarms"}, Resources: []string{"*"}, Regions: []string{p.Recovery},
			Because: "DescribeAlarms on more than one alarm has no resource level"})
	}
	return grants
}
