package front

import (
	"net/http"
	"net/url"
	"strings"
)

// identity is who asks for what, read from a request alone.
type identity struct {
	Role    string // of the access key id, see Key; "" when unsigned
	Service string // as IAM spells it: "ec2", "cloudwatch", "states"
	Action  string // "CopySnapshot"
	Region  string // global services are signed for us-east-1
}

// iamPrefix maps a signing name to the prefix that IAM policies use, where they
// differ, so that the audit can be compared with policies.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var iamPrefix = map[string]string{"monitoring": "cloudwatch", "tagging": "tag"}

func identify(r *http.Request, form url.Values) identity {
	var who identity
	key, region, service := signer(r.Header.Get("Authorization"))
	who.Role, _, _ = strings.Cut(key, keySeparator)
	who.Region, who.Service = region, service
	if name, ok := iamPrefix[who.Service]; ok {
		who.Service = name
	}
	switch target := r.Header.Get("X-Amz-Target"); {
	case target != "":
		who.Action = target[strings.LastIndexByte(target, '.')+1:]
	case form.Get("Action") != "":
		who.Action = form.Get("Action")
	case strings.HasPrefix(r.URL.Path, "/service/"):
		who.Action = r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	default:
		who.Action = restAction(r.Method, r.URL.Path)
		for parameter, of := range bucketParts {
			if who.Service == "s3" && r.URL.Query().Has(parameter) {
				who.Action = strings.TrimSuffix(who.Action, "Object") + of
			}
		}
	}
	return who
}

// bucketParts are the parts of a bucket that product code asks for, by the query
// parameter that says so: the action as IAM spells it, without the verb.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
var bucketParts = map[string]string{
	"encryption":  "EncryptionConfiguration",
	"replication": "ReplicationConfiguration",
	"versioning":  "BucketVersioning",
}

// keySeparator is in no role's name that Pilotlight or a workload here has.
const keySeparator = "@"

// Key is the access key id of a role, which says who calls: the role's name and,
// unless it is the simulator's own, its account.
func Key(role, account string) string {
	if account == "" {
		return role
	}
	return role + keySeparator + account
}

// accountOf is whose name a request is made in; "": the simulator's own.
func accountOf(r *http.Request) string {
	key, _, _ := signer(r.Header.Get("Authorization"))
	_, account, _ := strings.Cut(key, keySeparator)
	return account
}

// signer reads "AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …".
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
func signer(authorization string) (key, region, service string) {
	_, rest, found := strings.Cut(authorization, "Credential=")
	if !found {
		return "", "", ""
	}
	credential, _, _ := strings.Cut(rest, ",")
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) < 5 {
		return "", "", ""
	}
	n := len(parts) // a role's name may hold slashes; the other four parts never do
	return strings.Join(parts[:n-4], "/"), parts[n-3], parts[n-2]
}

// route is a REST call: the method and the path's segments, "*" for any one.
type route struct {
	method, path, action string
}

// routes are the REST calls of the services that a rehearsal uses.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations.html
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
var routes = []route{
	{"POST", "2013-04-01/hostedzone", "CreateHostedZone"},
	{"GET", "2013-04-01/hostedzone", "ListHostedZones"},
	{"GET", "2013-04-01/hostedzonesbyname", "ListHostedZonesByName"},
	{"GET", "2013-04-01/hostedzone/*", "GetHostedZone"},
	{"DELETE", "2013-04-01/hostedzone/*", "DeleteHostedZone"},
	{"POST", "2013-04-01/hostedzone/*/rrset", "ChangeResourceRecordSets"},
	{"GET", "2013-04-01/hostedzone/*/rrset", "ListResourceRecordSets"},
	{"GET", "2013-04-01/change/*", "GetChange"},
	{"POST", "2013-04-01/healthcheck", "CreateHealthCheck"},
	{"GET", "2013-04-01/healthcheck", "ListHealthChecks"},
	{"GET", "2013-04-01/healthcheck/*", "GetHealthCheck"},
	{"POST", "2013-04-01/healthcheck/*", "UpdateHealthCheck"},
	{"DELETE", "2013-04-01/healthcheck/*", "DeleteHealthCheck"},
	{"GET", "2013-04-01/healthcheck/*/status", "GetHealthCheckStatus"},
	{"GET", "2013-04-01/tags/*/*", "ListTagsForResource"},
	{"POST", "2013-04-01/tags/*/*", "ChangeTagsForResource"},
	{"POST", "2015-03-31/functions/*/invocations", "Invoke"},
	{"POST", "2015-03-31/functions", "CreateFunction"},
	{"GET", "2015-03-31/functions", "ListFunctions"},
	{"GET", "2015-03-31/functions/*", "GetFunction"},
	{"GET", "2015-03-31/functions/*/configuration", "GetFunctionConfiguration"},
	{"DELETE", "2015-03-31/functions/*", "DeleteFunction"},
	{"GET", "2015-03-31/event-source-mappings", "ListEventSourceMappings"},
	{"PUT", "2015-03-31/event-source-mappings/*", "UpdateEventSourceMapping"},
	{"GET", "2017-03-31/tags/*", "ListTags"},
	{"POST", "2017-03-31/tags/*", "TagResource"},
	{"DELETE", "2017-03-31/tags/*", "UntagResource"},
	{"POST", "schedules/*", "CreateSchedule"},
	{"PUT", "schedules/*", "UpdateSchedule"},
	{"GET", "schedules/*", "GetSchedule"},
	{"DELETE", "schedules/*", "DeleteSchedule"},
	{"GET", "schedules", "ListSchedules"},
	{"POST", "schedule-groups/*", "CreateScheduleGroup"},
	{"GET", "schedule-groups", "ListScheduleGroups"},
}

// restAction names a REST call. What no route names (S3's, mostly) is named
// after its method, which is enough to tell a read from a write.
func restAction(method, path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for _, r := range routes {
		if r.method == method && matches(strings.Split(r.path, "/"), segments) {
			return r.action
		}
	}
	if len(method) < 2 {
		return "Unknown"
	}
	return method[:1] + strings.ToLower(method[1:]) + "Object"
}

func matches(pattern, segments []string) bool {
	if len(pattern) != len(segments) {
		return false
	}
	for i, p := range pattern {
		if p != "*" && p != segments[i] {
			return false
		}
	}
	return true
}
