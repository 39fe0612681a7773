package plan

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// format says what is wrong with a text and what to write instead; no problem,
// no finding.
type format func(string) (problem, instead string)

var word = regexp.MustCompile(`^[\w-]{1,64}$`)

// matching is the format of most names: a pattern, a greatest length, and words
// for both. None of these fields takes a reference: what takes one, docs/plan.md lists.
func matching(pattern string, most int, rule, example string) format {
	re := regexp.MustCompile(pattern)
	return func(s string) (string, string) {
		switch {
		case strings.Contains(s, "${"):
			return noReference, example
		case s == "":
			return "is an empty text", example
		case len(s) > most:
			return fmt.Sprintf("%q has %d characters; %d are allowed", shorten(s), len(s), most), "a shorter one: " + rule
		case !re.MatchString(s):
			return fmt.Sprintf("%q is not %s", shorten(s), rule), example
		}
		return "", ""
	}
}

// noReference is the problem of a reference where nothing takes its place.
const noReference = "holds a reference, which this field cannot"

// corrected proposes a correction of the value itself where that is in the
// format, in place of the example.
func corrected(f format, correct func(string) string) format {
	return func(s string) (string, string) {
		problem, instead := f(s)
		if better := correct(s); problem != "" && better != s {
			if still, _ := f(better); still == "" {
				instead = better
			}
		}
		return problem, instead
	}
}

// except refuses words that Pilotlight itself uses beside the plan's own.
func except(f format, taken ...string) format {
	return func(s string) (string, string) {
		if slices.Contains(taken, s) {
			return s + " is a name that Pilotlight uses itself in every plan", "a name of its own, such as my-" + strings.ToLower(s)
		}
		return f(s)
	}
}

// AWS names are built from a plan's name. The longest is a function's,
// "pilotlight-<plan>-watch-replication", and Lambda allows 64 characters:
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
const (
	maxPlanName   = 32
	maxPolicyName = 20 // a schedule's name holds the plan's and the policy's
	maxStepID     = 40 // a state's name holds it; Step Functions allows 80 characters
)

const kebabPattern = `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`

var (
	planName   = corrected(matching(kebabPattern, maxPlanName, "a plan's name: lowercase letters, digits and single hyphens, a letter first", "storefront"), kebab)
	policyName = except(corrected(matching(kebabPattern, maxPolicyName, "a policy's name: lowercase letters, digits and single hyphens, a letter first", "data"), kebab),
		"publish", "decide", "probe", "ages", "alarms", "keep-fence", "reap-drills") // schedules and rules of every plan
	stepID = except(corrected(matching(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`, maxStepID, "a step's id: letters, digits and single hyphens", "orders"), kebab),
		"run", "start", "open-run", "close-run", "Recovered", "Aborted", "Dirty") // states and functions of every plan
	regionName = corrected(matching(`^[a-z]{2,4}(-[a-z]+){1,2}-[1-9]$`, 32, "an AWS region", "a region such as us-west-2"), nearRegion)
	dnsName    = corrected(matching(`^([a-z0-9_]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`, 253, "a DNS name", "a name such as shop.example.com"), bareHost)

	// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html
	templateName = matching(`^[a-zA-Z0-9().\-/_]{3,}$`, 128, "a launch template's name: 3 characters or more of letters, digits and ().-/_", "storefront-web")
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
	targetGroup = matching(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`, 32, "a target group's name: letters, digits and hyphens", "storefront-web")
	// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
	roleName = matching(`^[A-Za-z0-9+=,.@_/-]+$`, 64, "an IAM role's name, with its path before it if it has one", "storefront-web")
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
	databaseName = matching(`^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$`, 63, "a DB instance identifier: letters, digits and single hyphens, a letter first", "orders-replica")
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
	clusterName = matching(`^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$`, 63, "a DB cluster identifier: letters, digits and single hyphens, a letter first", "orders")
	// Of option groups and of parameter groups; the engines' default ones, which have
	// a colon or a dot in their name, need not be named:
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateOptionGroup.html
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBParameterGroup.html
	groupName = matching(`^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$`, 255, "the name of a group of your own: letters, digits and single hyphens, a letter first",
		"its name, or leave the field out for the engine's default group")
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
	tableName     = corrected(matching(`^[A-Za-z0-9_.-]{3,}$`, 255, "a DynamoDB table's name: 3 characters or more of letters, digits and _.-", "carts"), lastOfARN)
	databaseClass = corrected(matching(`^db\.[a-z0-9-]+\.[a-z0-9-]+$`, 64, "a DB instance class", "db.r6g.large"), func(s string) string { return "db." + s })
	instanceType  = corrected(matching(`^[a-z][a-z0-9-]*\.[a-z0-9-]+$`, 64, "an instance type", "m7g.large"), strings.ToLower)
	zoneName      = matching(`^[a-z]{2,4}(-[a-z]+){1,2}-[1-9]([a-z]|-[a-z]{3}-[1-9][a-z])$`, 64, "an availability zone", "a zone such as us-west-2a")
	// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
	parameterName = corrected(matching(`^(/[a-zA-Z0-9_.-]+){1,15}$`, 1011, "an SSM parameter's name: letters, digits and _.- between slashes, a slash first", "/storefront/database/host"),
		func(s string) string { return "/" + strings.Trim(s, "/") })
	// https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
	topicName = corrected(matching(`^[a-zA-Z0-9_-]+$`, 256, "the name of an SNS topic: letters, digits, hyphens and _", "on-call"), lastOfARN)
	// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
	keyID = corrected(matching(`^alias/[a-zA-Z0-9/_-]+$|^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/[a-zA-Z0-9/_-]+$`,
		512, "a KMS key: an alias, a key id or an ARN", "alias/pilotlight"), func(s string) string { return "alias/" + s })
	alarmName = matching(`^[^\n]+$`, 255, "a CloudWatch alarm's name", "storefront-checkout")
	nameTag   = matching(`^[^*?\n]+$`, 256, "a Name tag: EC2 would read * and ? as wildcards", "storefront-worker")
	// The EC2 API matches * and ? in a filter's value:
	// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
	tagKey   = matching(`^[^*?\n]+$`, 128, "a tag's key: EC2 would read * and ? as wildcards", "app")
	tagValue = matching(`^[^*?\n]+$`, 256, "a tag's value: EC2 would read * and ? as wildcards", "storefront")
)

func kebab(s string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(s), "-"), "-")
}

func bareHost(s string) string {
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		s = u.Hostname()
	}
	return strings.ToLower(strings.TrimSuffix(s, "."))
}

func lastOfARN(s string) string { return s[strings.LastIndexAny(s, ":/")+1:] }

var twelveDigits = regexp.MustCompile(`^[0-9]{12}$`)

// accountID is the format of an AWS account. People write 1111-2222-3333 too.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
func accountID(s string) (problem, instead string) {
	if twelveDigits.MatchString(s) {
		return "", ""
	}
	instead = examples["accounts.primary"]
	if id := strings.NewReplacer("-", "", " ", "").Replace(s); twelveDigits.MatchString(id) {
		instead = strconv.Quote(id)
	}
	return fmt.Sprintf("%q is not an AWS account: twelve digits", shorten(s)), instead
}

var (
	bucketWord = corrected(matching(`^[a-z0-9](-*\.?-*[a-z0-9])*$`, 63,
		"an S3 bucket's name: 3 to 63 lowercase letters, digits, hyphens and single dots, a letter or a digit at both ends", "storefront-media"),
		func(s string) string { return strings.ToLower(lastOfARN(s)) })
	address = regexp.MustCompile(`^\d+\.\d+\.\d+\.\d+$`)
)

// bucketName is the format of a bucket's name.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func bucketName(s string) (problem, instead string) {
	if problem, instead = bucketWord(s); problem != "" {
		return problem, instead
	}
	const example = "a name such as storefront-media"
	for _, prefix := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(s, prefix) {
			return fmt.Sprintf("%q begins with %s, which S3 keeps for itself", s, prefix), example
		}
	}
	for _, suffix := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(s, suffix) {
			return fmt.Sprintf("%q ends with %s, which S3 keeps for what is no bucket of the usual kind", s, suffix), example
		}
	}
	switch {
	case len(s) < 3:
		return fmt.Sprintf("%q is shorter than the 3 characters that S3 asks for", s), example
	case address.MatchString(s):
		return fmt.Sprintf("%q looks like an IP address, which S3 refuses", s), example
	}
	return "", ""
}

// regions are those a misspelt region may have meant. A region that is not among
// them is accepted: AWS opens new ones.
var regions = strings.Fields(`us-east-1 us-east-2 us-west-1 us-west-2 us-gov-east-1 us-gov-west-1
	ca-central-1 ca-west-1 mx-central-1 sa-east-1 eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-central-2
	eu-north-1 eu-south-1 eu-south-2 eusc-de-east-1 af-south-1 me-south-1 me-central-1 il-central-1
	ap-east-1 ap-east-2 ap-south-1 ap-south-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-southeast-1
	ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 cn-north-1 cn-northwest-1`)

func nearRegion(s string) string {
	if slices.Contains(regions, s) {
		return s
	}
	if near, ok := nearest(s, regions); ok {
		return near
	}
	return s
}

// webAddress is the format of verify.url.
func webAddress(s string) (problem, instead string) {
	const example = "an address such as https://dr.shop.example.com/healthz"
	u, err := url.Parse(s)
	switch {
	case strings.Contains(s, "${"):
		return noReference, example
	case err != nil || s == "":
		return fmt.Sprintf("%q is not a URL", shorten(s)), example
	case u.Scheme == "http" && u.Host != "":
		return "is not encrypted", "https" + strings.TrimPrefix(s, "http")
	case u.Scheme != "https" || u.Hostname() == "":
		return fmt.Sprintf("%q is not an absolute https URL", shorten(s)), example
	case u.User != nil:
		return "carries a user name or a password, which everybody who reads the plan would see", "it without"
	case u.Fragment != "":
		return "has a fragment, which no server ever sees", strings.TrimSuffix(s, "#"+u.EscapedFragment())
	}
	return "", ""
}
