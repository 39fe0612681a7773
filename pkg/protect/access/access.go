// Package access is how a protection function acts at a site: in which region, and
// in whose account.
package access

import (
	"sync"

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
	if mine, ok := cfg.Credentials.(*identity); ok {
		there.Credentials = mine.as(cfg, site)
	} else {
		there.Credentials = taken(cfg, site)
	}
	return there
}

// Once is cfg of which At takes on each role once, and again before what STS gave
// for it expires: the same role serves every site of the other account, and every
// pass of the function that holds the cfg. Without it each At asks STS anew.
func Once(cfg aws.Config) aws.Config {
	if _, ok := cfg.Credentials.(*identity); cfg.Credentials != nil && !ok {
		cfg.Credentials = &identity{CredentialsProvider: cfg.Credentials, roles: map[[2]string]aws.CredentialsProvider{}}
	}
	return cfg
}

// identity is the function's own, with those that it has taken on.
type identity struct {
	aws.CredentialsProvider
	mu    sync.Mutex
	roles map[[2]string]aws.CredentialsProvider // by ARN and external id
}

func (i *identity) as(cfg aws.Config, site protect.Site) aws.CredentialsProvider {
	i.mu.Lock()
	defer i.mu.Unlock()
	key := [2]string{site.Role, site.ExternalID}
	if i.roles[key] == nil {
		i.roles[key] = taken(cfg, site)
	}
	return i.roles[key]
}

func taken(cfg aws.Config, site protect.Site) aws.CredentialsProvider {
	return aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), site.Role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "pilotlight"
		o.ExternalID = aws.String(site.ExternalID)
	}))
}
