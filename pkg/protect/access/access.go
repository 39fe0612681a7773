// Package access is how a protection function acts at a site: in which region, and
// in whose account.
package access

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/pilotlight/pilotlight/pkg/protect"
)

// At is cfg, which is the function's own, for calls at a site. The role of another
// account is taken on at the endpoint of cfg's region, so that the region that
// may be gone is not asked.
func At(cfg aws.Config, site protect.Site) aws.Config {
	there := cfg.Copy()
	there.Region = site.Region
	if site.Role == "" {
		return there
	}
	there.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), site.Role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "pilotlight"
		o.ExternalID = aws.String(site.ExternalID)
	}))
	return there
}
