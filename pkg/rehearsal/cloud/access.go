package cloud

import (
	"cmp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

// As is a configuration for calls to the simulated AWS in the name of a role.
func (c *Cloud) As(role, region string) aws.Config {
	return aws.Config{
		Region:       region,
		Credentials:  credentials.NewStaticCredentialsProvider(c.KeyOf(role, region), "made-up", ""),
		BaseEndpoint: aws.String(c.Front.URL()),
		HTTPClient:   c.http,
	}
}

// WithObjects is As for who may ask for S3's objects too.
func (c *Cloud) WithObjects(role, region string) aws.Config {
	cfg := c.As(role, region)
	cfg.BaseEndpoint = aws.String(c.address())
	return cfg
}

// address is the front's URL without a name. The SDKs put a bucket's name before
// the host's, and no resolver knows "bucket.localhost"; before an address they do
// not.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (c *Cloud) address() string {
	return strings.Replace(c.Front.URL(), "localhost", "127.0.0.1", 1)
}

// Upstream is the simulator without the front: nothing is pending there, no
// region is dead, and no call is counted. CloudWatch alone is not to be had so,
// because the SDK and the simulator speak different protocols.
func (c *Cloud) Upstream(region string) aws.Config {
	cfg := c.As("outside", region)
	cfg.BaseEndpoint = aws.String(c.simulator.URL())
	if account := c.accounts[region]; account != "" {
		cfg.APIOptions = append(cfg.APIOptions, smithyhttp.SetHeaderValue(front.AccountHeader, account))
	}
	return cfg
}

// AccountOf is the account that owns what is in a region.
func (c *Cloud) AccountOf(region string) string { return cmp.Or(c.accounts[region], Account) }

// KeyOf is the access key id of a role in a region.
func (c *Cloud) KeyOf(role, region string) string { return front.Key(role, c.accounts[region]) }
