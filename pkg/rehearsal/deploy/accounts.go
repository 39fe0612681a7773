package deploy

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// source makes the role that the functions take on in the primary account. What
// it may do is for the audit to compare; whom it trusts is asked at every call.
func (d *deployer) source(ctx context.Context) error {
	made := d.blueprint.Source
	if made == nil {
		return nil
	}
	trust, err := json.Marshal(made.Trust())
	if err != nil {
		return err
	}
	_, err = iam.NewFromConfig(d.cloud.As(role, d.blueprint.Primary)).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String(made.Name), AssumeRolePolicyDocument: aws.String(string(trust)),
	})
	return err
}
