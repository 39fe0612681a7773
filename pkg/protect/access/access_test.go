package access_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

func TestOnce_takesOnARoleOnceForAllItsSites(t *testing.T) {
	cloud := simulated.Start(t)
	cfg := access.Once(access.Once(cloud.Config(simulated.Recovery)))
	account := func(site protect.Site) string {
		out, err := sts.NewFromConfig(access.At(cfg, site)).GetCallerIdentity(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(out.Account)
	}
	role := func(region, account string) protect.Site {
		return protect.Site{Region: region, Account: account, Role: "arn:aws:iam::" + account + ":role/source", ExternalID: "pilotlight-vault"}
	}
	for range 3 {
		for _, site := range []protect.Site{role(simulated.Primary, "111122223333"), role("eu-central-1", "111122223333"), role(simulated.Primary, "555566667777")} {
			if got := account(site); got != site.Account {
				t.Errorf("in %s the calls are of account %s, want %s", site.Region, got, site.Account)
			}
		}
		if own := account(protect.Site{Region: simulated.Primary}); own == "111122223333" || own == "555566667777" {
			t.Errorf("the function's own calls are of account %s", own)
		}
	}
	asked := slices.DeleteFunc(cloud.Calls(), func(call string) bool { return call != "AssumeRole "+simulated.Recovery })
	if len(asked) != 2 {
		t.Errorf("STS was asked %d times for two roles", len(asked))
	}
}
