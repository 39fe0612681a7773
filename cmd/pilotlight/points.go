package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"

	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/survey"
)

func newPoints() *cobra.Command {
	var asked survey.Options
	endpoint, asJSON := "", false
	cmd := &cobra.Command{
		Use:   "points PLAN",
		Short: "List every protected source with its newest usable recovery point, and what is not protected",
		Long: "List every source of every policy with its newest usable recovery point, and what no policy\n" +
			"protects. AWS is asked with the SDK's own configuration, or a running simulation is. The exit\n" +
			"code is 1 when a source is beyond its RPO or something is not protected.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := load(cmd, args[0])
			if err != nil {
				return err
			}
			at := cmp.Or(endpoint, os.Getenv("AWS_ENDPOINT_URL"), noted())
			if at != "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "asking the AWS at %s\n", at)
			}
			cfg, err := configure(cmd.Context(), p.Recovery, at)
			if err != nil {
				return err
			}
			found, err := survey.Of(cmd.Context(), cfg, ledger.New(cfg), p, asked)
			if err != nil {
				return err
			}
			write := found.Table
			if asJSON {
				write = found.WriteJSON
			}
			if err := write(cmd.OutOrStdout()); err != nil {
				return err
			}
			if !found.Good() {
				return errBadAnswer
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asked.Explain, "explain", false, "print every recovery point of both sides, and why retention keeps it or lets it go")
	cmd.Flags().BoolVar(&asked.Orphans, "orphans", false, "print what Pilotlight made and no pass looks after")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&endpoint, "endpoint", endpoint, "the simulated AWS; else $AWS_ENDPOINT_URL, else what "+endpointFile+" says, else AWS")
	return cmd
}

// configure is the SDK's own configuration for a region; at an endpoint, if one is
// given. A simulation runs on this machine and takes any credentials: real ones are
// not shown to it.
func configure(ctx context.Context, region, endpoint string) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(region)}
	if local(endpoint) {
		// The SDK puts a bucket's name before the host's, and no resolver knows
		// "bucket.localhost"; before an address it does not.
		endpoint = strings.Replace(endpoint, "//localhost", "//127.0.0.1", 1)
	}
	if endpoint != "" {
		options = append(options, config.WithBaseEndpoint(endpoint))
	}
	if local(endpoint) {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("operator", "made-up", "")))
	}
	return config.LoadDefaultConfig(ctx, options...)
}

// local says whether an endpoint is on this machine.
func local(endpoint string) bool {
	at, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(at.Hostname())
	return at.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
