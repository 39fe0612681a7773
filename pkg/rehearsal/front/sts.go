package front

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// stsParts: moto lets anybody take on any role, whether or not it exists. Here a
// role is taken on as its trust policy says, and the credentials name it, so that
// what is done with them counts as the role's.
var stsParts = map[string]part{
	"sts.AssumeRole": {before: refuseUntrusted, rewrite: nameRole},
}

// ownAccount is moto's, and so that of who has no account in the access key id.
const ownAccount = "123456789012"

// trust is as much of a trust policy as the rehearsal weighs: an account, roles of
// it, and an external id, all of which must be there.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user_externalid.html
type trust struct {
	Statement []struct {
		Effect    string
		Action    string
		Principal struct{ AWS string }
		Condition struct {
			StringEquals struct {
				ExternalID string `json:"sts:ExternalId"`
			}
			ArnEquals struct {
				PrincipalArn []string `json:"aws:PrincipalArn"`
			}
		}
	}
}

func refuseUntrusted(f *Front, ctx context.Context, x *exchange) *failure {
	account, name := roleOf(x.form.Get("RoleArn"))
	owner := "arn:aws:iam::" + cmp.Or(x.account, ownAccount)
	who := owner + ":role/" + x.who.Role
	denied := &failure{status: 403, code: "AccessDenied",
		message: fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", who, x.form.Get("RoleArn"))}
	root, err := f.upstream.ask(ctx, place{account, "us-east-1"}, "iam", url.Values{"Action": {"GetRole"}, "Version": {"2010-05-08"}, "RoleName": {name}})
	if err != nil {
		return denied // there is no such role, which AWS does not tell
	}
	document, err := url.QueryUnescape(text(root, "//AssumeRolePolicyDocument"))
	var policy trust
	if err != nil || json.Unmarshal([]byte(document), &policy) != nil {
		return denied
	}
	for _, s := range policy.Statement {
		if s.Effect == "Allow" && s.Action == "sts:AssumeRole" && s.Principal.AWS == owner+":root" &&
			slices.Contains(s.Condition.ArnEquals.PrincipalArn, who) && s.Condition.StringEquals.ExternalID == x.form.Get("ExternalId") {
			return nil
		}
	}
	return denied
}

// nameRole puts the role into the access key id, which is where callers are read from.
func nameRole(_ *Front, x *exchange, a *answer) *failure {
	account, name := roleOf(x.form.Get("RoleArn"))
	for _, element := range a.xml().FindElements("//AccessKeyId") {
		element.SetText(Key(name, account))
	}
	return nil
}

// roleOf takes arn:aws:iam::111122223333:role/name apart.
func roleOf(arn string) (account, name string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return "", arn
	}
	return parts[4], parts[5][strings.LastIndex(parts[5], "/")+1:]
}
