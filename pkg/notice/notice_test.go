package notice

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// post is SNS as far as what is sent there goes.
type post struct {
	sent []*sns.PublishInput
	err  error
}

func (p *post) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	p.sent = append(p.sent, in)
	return nil, p.err
}

func inside(t *testing.T) context.Context {
	return lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{InvokedFunctionArn: "arn:aws:lambda:us-west-2:123456789012:function:pilotlight-p-decide-failover"})
}

func TestTell_sendsMailsTheTextAndPhonesTheSubject(t *testing.T) {
	var post post
	subject := "shall café fail over?\n" + strings.Repeat("x", 200)
	if err := (Notice{&post}).Tell(inside(t), "on-call", subject, "SEEN\nand much more"); err != nil {
		t.Fatal(err)
	}
	sent := post.sent[0]
	var each map[string]string
	if err := json.Unmarshal([]byte(aws.ToString(sent.Message)), &each); err != nil {
		t.Fatal(err)
	}
	if aws.ToString(sent.MessageStructure) != "json" || each["default"] != "SEEN\nand much more" || each["sms"] != aws.ToString(sent.Subject) {
		t.Errorf("sent %v", each)
	}
	if got := aws.ToString(sent.Subject); len(got) != longest || !strings.HasPrefix(got, "shall caf? fail over??xx") {
		t.Errorf("subject %q", got)
	}
	if got := aws.ToString(sent.TopicArn); got != "arn:aws:sns:us-west-2:123456789012:on-call" {
		t.Errorf("topic %s", got)
	}
}

func TestTell_saysWhichTopicDidNotTakeIt(t *testing.T) {
	down := errors.New("no such topic")
	if err := (Notice{&post{err: down}}).Tell(inside(t), "on-call", "s", "t"); !errors.Is(err, down) || !strings.Contains(err.Error(), "on-call") {
		t.Error(err)
	}
}
