package workload

import (
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// idHeader asks the simulator to make something under an id that a plan names: on
// AWS the thing was there before the plan, which was written with its id.
const idHeader = "X-Pilotlight-Id"

// known are the options of a call that makes what a plan knows as id; none for
// an empty one.
func known(id string) []func(*middleware.Stack) error {
	if id == "" {
		return nil
	}
	return []func(*middleware.Stack) error{smithyhttp.SetHeaderValue(idHeader, id)}
}

func knownAs(id string) func(*ec2.Options) {
	return func(o *ec2.Options) { o.APIOptions = append(o.APIOptions, known(id)...) }
}
