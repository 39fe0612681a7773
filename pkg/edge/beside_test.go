package edge

import (
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

func TestBeside_isInTheFunctionsAccountRegionAndPartition(t *testing.T) {
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{InvokedFunctionArn: "arn:aws-cn:lambda:cn-north-1:210987654321:function:f:7"})
	got, err := Beside(ctx, "states", "execution:m:r")
	if want := "arn:aws-cn:states:cn-north-1:210987654321:execution:m:r"; err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if got, err := Beside(t.Context(), "states", "execution:m:r"); err == nil {
		t.Errorf("outside Lambda: %s", got)
	}
}
