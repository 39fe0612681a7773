package plan

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Formats of what only steps and drills name.
var (
	// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
	allocationID  = matching(`^eipalloc-([0-9a-f]{8}|[0-9a-f]{17})$`, 32, "an Elastic IP's allocation id", "an id such as eipalloc-0a1b2c3d4e5f60718")
	securityGroup = matching(`^sg-([0-9a-f]{8}|[0-9a-f]{17})$`, 32, "a security group's id", "an id such as sg-0a1b2c3d4e5f60718")
	subnetID      = matching(`^subnet-([0-9a-f]{8}|[0-9a-f]{17})$`, 32, "a subnet's id", "an id such as subnet-0a1b2c3d4e5f60718")
	// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
	scalingGroup = matching(`^[^:\n]+$`, 255, "an Auto Scaling group's name", "storefront-web")
	// Of ECS clusters and services:
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
	serviceName = corrected(matching(`^[A-Za-z0-9_-]+$`, 255, "an ECS name: letters, digits, hyphens and _", "storefront-web"), lastOfARN)
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html
	subnetGroup = matching(`^[A-Za-z0-9._ -]+$`, 255, "a DB subnet group's name: letters, digits, blanks and ._-", "storefront-databases")
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
	stackName = matching(`^[A-Za-z][A-Za-z0-9-]*$`, 128, "a stack's name: letters, digits and hyphens, a letter first", "storefront-network")
	// Of parameters and outputs, which have logical ids:
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/outputs-section-structure.html
	stackKey   = matching(`^[A-Za-z][A-Za-z0-9]*$`, 255, "a name in a template: letters and digits, a letter first", "Host")
	capability = matching(`^CAPABILITY_(NAMED_)?IAM$|^CAPABILITY_AUTO_EXPAND$`, 64, "a capability of CloudFormation", "CAPABILITY_IAM, CAPABILITY_NAMED_IAM or CAPABILITY_AUTO_EXPAND")
	// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
	functionName = corrected(matching(`^[A-Za-z0-9_-]+$`, 64, "a function's name: letters, digits, hyphens and _", "storefront-warm-up"), lastOfARN)
	outputName   = matching(`^[A-Za-z][A-Za-z0-9-]*$`, 64, "an output's name: letters, digits and hyphens, a letter first", "host")
	sourceARN    = matching(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{0,12}:[^\n*?]+$`, 1024, "the ARN of an event source", "an ARN such as arn:aws:sqs:us-west-2:111122223333:orders")
	// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
	documentName = matching(`^[a-zA-Z0-9_.:/-]{3,}$`, 128, "an SSM document's name or ARN", "AWS-RunShellScript")
	documentKey  = matching(`^[a-zA-Z0-9_.-]+$`, 255, "a parameter of an SSM document", "commands")
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
	metricNamespace = matching(`^[^:\n][^\n]*$`, 255, "a metric's namespace", "Storefront")
	metricName      = matching(`^[^\n]+$`, 255, "a metric's name", "ReplicaLag")
	dimensionName   = matching(`^[^:\n][^\n]*$`, 255, "a dimension's name", "Host")
	dimensionValue  = matching(`^[^\n]+$`, 1024, "a dimension's value", "storefront-database")
	// https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZone.html
	hostedZone    = corrected(matching(`^Z[A-Z0-9]+$`, 32, "a hosted zone's id", "an id such as Z0123456789ABCDEFGHIJ"), lastOfARN)
	setIdentifier = matching(`^[^\n]+$`, 128, "the set identifier of a record", "us-west-2")
	// https://docs.aws.amazon.com/routing-control/latest/APIReference/API_UpdateRoutingControlState.html
	routingControl = matching(`^arn:aws[a-z-]*:route53-recovery-control::[0-9]{12}:controlpanel/[0-9A-Za-z]+/routingcontrol/[0-9A-Za-z]+$`, 255,
		"the ARN of a routing control", "an ARN such as arn:aws:route53-recovery-control::111122223333:controlpanel/0123abcd/routingcontrol/4567efab")
	// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html
	profileName = corrected(matching(`^[A-Za-z0-9_+=,.@-]+$`, 128, "an instance profile's name", "storefront-drill"), lastOfARN)
	// A suffix ends names of databases and stacks, and begins the path of parameters.
	suffix   = corrected(matching(kebabPattern, 16, "a suffix: lowercase letters, digits and single hyphens, a letter first", "drill"), kebab)
	line     = matching(`^[^\n]+$`, 256, "a text in one line", "ok")
	question = matching(`^[^\n]+$`, 256, "a question in one line", "Is the old site down for good?")
)

// documentValue is the format of a parameter of an SSM document, which is handed on
// as it is: in a shell command, ${HOME} is the shell's.
func documentValue(s string) (problem, instead string) {
	switch {
	case s == "":
		return "is an empty text", "a text"
	case len(s) > 4096:
		return fmt.Sprintf("has %d characters; 4096 are allowed", len(s)), "a shorter one, or a document of your own that holds it"
	}
	return "", ""
}

// wholeReference is a value that is nothing but one reference.
var wholeReference = regexp.MustCompile(`^\$\{[A-Za-z0-9-]+\.[A-Za-z][A-Za-z0-9-]*\}$`)

// instancesOf is the format of a field that names instances by their Name tag, or
// by the output of a step that launched them.
func instancesOf(s string) (problem, instead string) {
	if !strings.Contains(s, "${") {
		return nameTag(s)
	}
	if wholeReference.MatchString(s) {
		return "", ""
	}
	return fmt.Sprintf("%q is neither a Name tag nor one reference", shorten(s)), "a Name tag, or ${id.instances} and nothing beside it"
}

// stackValue is the format of a stack's parameter: a text with references.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
func stackValue(s string) (problem, instead string) {
	if s == "" {
		return "", ""
	}
	return parameterValue(s)
}

// templateURL is the format of create-stack.template. CloudFormation reads
// templates from S3 alone, and in a disaster another region's bucket may be gone.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
func templateURL(s string) (problem, instead string) {
	const example = "an address such as https://storefront-templates.s3.us-west-2.amazonaws.com/network.yaml"
	u, err := url.Parse(s)
	switch {
	case strings.Contains(s, "${"):
		return noReference, example
	case err != nil || u.Scheme != "https" || !strings.Contains(u.Hostname(), "s3") || !strings.Contains(u.Hostname(), ".amazonaws.") || len(u.Path) < 2:
		return fmt.Sprintf("%q is not the https address of an object in S3", shorten(s)), example
	}
	return "", ""
}
