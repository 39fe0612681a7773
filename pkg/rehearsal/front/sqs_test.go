package front

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

func TestSetQueues_tellsOfEveryMessageThatWasTaken(t *testing.T) {
	f := start(t)
	told := make(chan string, 10)
	f.SetQueues(func(region, queue string) { told <- region + " " + queue })
	client := sqs.NewFromConfig(as(f, "tester", west))
	made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("passes")})
	if err != nil {
		t.Fatal(err)
	}
	entry := types.SendMessageBatchRequestEntry{Id: aws.String("1"), MessageBody: aws.String("two")}
	send := func(body, url string) error {
		_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(url), MessageBody: aws.String(body)})
		return err
	}
	if err := send("one", *made.QueueUrl); err != nil {
		t.Fatal(err)
	}
	if _, err := client.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: made.QueueUrl, Entries: []types.SendMessageBatchRequestEntry{entry}}); err != nil {
		t.Fatal(err)
	}
	if err := send("none", *made.QueueUrl+"-that-is-not-there"); err == nil {
		t.Error("a queue that does not exist took a message")
	}
	close(told)
	var got []string
	for queue := range told {
		got = append(got, queue)
	}
	if diff := cmp.Diff([]string{"us-west-2 passes", "us-west-2 passes"}, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
