package keys

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
)

const (
	there    = "arn:aws:kms:us-west-2:123456789012:key/there"
	here     = "arn:aws:kms:us-east-1:123456789012:key/here"
	copier   = "arn:aws:iam::123456789012:role/pilotlight-storefront-rotate-snapshots"
	open     = `{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"}]}`
	throughs = `{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {"StringEquals": {"kms:ViaService": "ec2.us-west-2.amazonaws.com"}}}]}`
)

// wire is KMS as far as it denies, which the simulator does not: a key for each
// region, both in order, and errors by action and region. Written from the API
// reference.
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
type wire struct {
	policy string            // of both keys
	errors map[string]string // "CreateGrant us-west-2" → code
	grants []string          // what CreateGrant was asked for
}

func (w *wire) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	body, _ := io.ReadAll(in.Body)
	if strings.Contains(string(body), "GetCallerIdentity") {
		fmt.Fprintf(out, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/pilotlight-storefront-rotate-snapshots/s</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
		return
	}
	region, key := strings.Split(in.Header.Get("Authorization"), "/")[2], here
	if region == "us-west-2" {
		key = there
	}
	_, action, _ := strings.Cut(in.Header.Get("X-Amz-Target"), ".")
	if action == "CreateGrant" {
		w.grants = append(w.grants, string(body))
	}
	out.Header().Set("Content-Type", "application/x-amz-json-1.1")
	refused := w.errors[action+" "+region]
	if action == "CreateGrant" || action == "GenerateDataKeyWithoutPlaintext" {
		refused = cmp.Or(refused, "DryRunOperationException")
		if !strings.Contains(string(body), `"DryRun":true`) {
			refused = "NotADryRun"
		}
	}
	if refused != "" {
		out.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(out, `{"__type": %q, "message": "as the test says"}`, refused)
		return
	}
	switch action {
	case "DescribeKey":
		fmt.Fprintf(out, `{"KeyMetadata": {"Arn": %q, "KeyId": "k", "KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "KeyManager": "CUSTOMER"}}`, key)
	case "GetKeyPolicy":
		fmt.Fprintf(out, `{"Policy": %q}`, w.policy)
	}
}

func (w *wire) keys(t *testing.T) *Keys {
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return New(aws.Config{
		Region: "us-west-2", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("keys", "secret", ""),
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient: whole.Client,
	})
}

const remedy = "let " + copier + " use it in its key policy: kms:DescribeKey, kms:CreateGrant, kms:Decrypt, kms:ReEncrypt*, kms:GenerateDataKey*"

func TestCheck_saysWhoIsDeniedWhat(t *testing.T) {
	for name, c := range map[string]struct {
		policy     string
		errors     map[string]string
		failed     bool
		fine       string
		err, doubt string
	}{
		"a data key": {policy: open, errors: map[string]string{"GenerateDataKeyWithoutPlaintext us-west-2": "AccessDeniedException"},
			err: "destination key alias/dr in us-west-2: " + copier + " may not call kms:GenerateDataKeyWithoutPlaintext (AccessDeniedException); " + remedy},
		"a grant on the destination key": {policy: open, errors: map[string]string{"CreateGrant us-west-2": "AccessDeniedException"},
			err: "destination key alias/dr in us-west-2: " + copier + " may not call kms:CreateGrant (AccessDeniedException); " + remedy},
		"a grant on the source key": {policy: open, errors: map[string]string{"CreateGrant us-east-1": "AccessDeniedException"}, fine: "vol-plain",
			err: "source key " + here + " in us-east-1: " + copier + " may not call kms:CreateGrant (AccessDeniedException); " + remedy},
		"a look at the source key": {policy: open, errors: map[string]string{"DescribeKey us-east-1": "AccessDeniedException"}, fine: "vol-plain",
			err: "source key " + here + " in us-east-1: " + copier + " may not call kms:DescribeKey (AccessDeniedException); " + remedy},
		"what EBS may do all the same": {policy: throughs, errors: map[string]string{"CreateGrant us-west-2": "AccessDeniedException"}, fine: "vol-1 vol-plain",
			doubt: "destination key alias/dr in us-west-2: " + copier + " may not call kms:CreateGrant (AccessDeniedException), and whether EBS may in its name cannot be told; " +
				"the copies are begun all the same; if they fail, " + remedy},
		"what EBS may not do either": {policy: throughs, errors: map[string]string{"CreateGrant us-west-2": "AccessDeniedException"}, failed: true,
			err: "destination key alias/dr in us-west-2: " + copier + " may not call kms:CreateGrant (AccessDeniedException); " + remedy},
		"a look at the policy too": {errors: map[string]string{"DescribeKey us-west-2": "AccessDeniedException", "GetKeyPolicy us-west-2": "AccessDeniedException"}, fine: "vol-1 vol-plain",
			doubt: "destination key alias/dr in us-west-2: " + copier + " may not call kms:DescribeKey (AccessDeniedException), and whether EBS may in its name cannot be told; " +
				"the copies are begun all the same; if they fail, " + remedy},
		"one grant too many": {policy: open, errors: map[string]string{"CreateGrant us-west-2": "LimitExceededException"},
			err: "destination key alias/dr in us-west-2: it has no room for another grant; retire grants on it that nothing uses any more: aws kms list-grants --key-id " + there + " --region us-west-2"},
		"use, for a moment": {policy: open, errors: map[string]string{"GenerateDataKeyWithoutPlaintext us-west-2": "ThrottlingException"}, fine: "vol-1 vol-plain",
			doubt: "destination key alias/dr in us-west-2: it could not be checked: "},
		"nothing": {policy: open, fine: "vol-1 vol-plain"},
	} {
		t.Run(name, func(t *testing.T) {
			var copies []lineage.Point
			if c.failed {
				copies = append(copies, copied("vol-1", 10*time.Minute, "alias/dr", there, lineage.Failed))
			}
			w := &wire{policy: c.policy, errors: c.errors}
			fine, announced, err := w.keys(t).Check(t.Context(), aPass("alias/dr"), []backlog.Copy{want("vol-1", here), want("vol-plain", "")}, nil, copies)
			// Under a destination key the unencrypted volume's copy is encrypted too.
			if got := ids(fine); got != c.fine {
				t.Errorf("%q goes on, want %q", got, c.fine)
			}
			if c.err != "" {
				says(t, err, c.err)
			} else if err != nil {
				t.Errorf("error %v", err)
			}
			if got := strings.Join(announced, "\n"); (c.doubt == "") != (got == "") || !strings.HasPrefix(got, c.doubt) {
				t.Errorf("announced %q, want %q", got, c.doubt)
			}
		})
	}
}

// What nobody lets us see must not hold an image back for ever, and what may be
// seen in a minute must not be taken for a yes.
func TestLaunches_tellsWhatItMayNotSeeFromWhatDidNotAnswer(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/asg"
	named := `{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "` + role + `"}, "Action": "kms:*"}]}`
	for name, c := range map[string]struct {
		policy     string
		errors     map[string]string
		err, doubt string
	}{
		"it may not":                          {policy: open, err: "Auto Scaling group web could launch nothing from ami-1"},
		"it may":                              {policy: named},
		"it may, whatever the grants are":     {policy: named, errors: map[string]string{"ListGrants us-west-2": "AccessDeniedException"}},
		"grants that are not shown":           {policy: open, errors: map[string]string{"ListGrants us-west-2": "AccessDeniedException"}, doubt: "whether " + role + " may use it"},
		"a policy that is not shown":          {errors: map[string]string{"GetKeyPolicy us-west-2": "AccessDeniedException"}, doubt: "whether " + role + " may use it"},
		"a key that is not shown":             {errors: map[string]string{"DescribeKey us-west-2": "AccessDeniedException"}, doubt: "cannot be told"},
		"a throttle":                          {policy: open, errors: map[string]string{"ListGrants us-west-2": "ThrottlingException"}, err: "ask whether " + role + " may use key " + there},
		"a throttle and what may not be seen": {errors: map[string]string{"ListGrants us-west-2": "AccessDeniedException", "GetKeyPolicy us-west-2": "ThrottlingException"}, err: "ask whether"},
		"no answer about the key":             {errors: map[string]string{"DescribeKey us-west-2": "KMSInternalException"}, err: "describe key"},
	} {
		w := &wire{policy: c.policy, errors: c.errors}
		doubts, err := w.keys(t).launches(t.Context(), anImagePass("alias/dr", "web"), there, map[string]string{role: "web"}, "ami-1")
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v", name, err)
		}
		if got := strings.Join(doubts, "\n"); (got == "") != (c.doubt == "") || !strings.Contains(got, c.doubt) {
			t.Errorf("%s: doubts %q", name, got)
		}
	}
}

func TestCheck_asksForAGrantToItselfThatAllowsNothing(t *testing.T) {
	w := &wire{policy: open}
	if _, _, err := w.keys(t).Check(t.Context(), aPass("alias/dr"), []backlog.Copy{want("vol-1", here)}, nil, nil); err != nil {
		t.Fatal(err)
	}
	if len(w.grants) != 2 {
		t.Fatalf("%d grants asked for", len(w.grants))
	}
	for _, grant := range w.grants {
		if !strings.Contains(grant, `"GranteePrincipal":"`+copier+`"`) || !strings.Contains(grant, `"Operations":["DescribeKey"]`) {
			t.Errorf("asked for %s", grant)
		}
	}
}

func TestRoleOf_isTheRoleBehindASession(t *testing.T) {
	for caller, role := range map[string]string{
		"arn:aws:sts::1:assumed-role/copier/s":    "arn:aws:iam::1:role/copier",
		"arn:aws-cn:sts::1:assumed-role/copier/s": "arn:aws-cn:iam::1:role/copier",
		"arn:aws:iam::1:user/person":              "arn:aws:iam::1:user/person",
		"arn:aws:sts::1:federated-user/somebody":  "arn:aws:sts::1:federated-user/somebody",
		"what no one can read":                    "what no one can read",
	} {
		if got := roleOf(caller); got != role {
			t.Errorf("%s: %s", caller, got)
		}
	}
}
