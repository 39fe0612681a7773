package front

import (
	"context"
	"encoding/json"
	"path"
)

// sqsParts tell of messages, so that nobody has to ask queues that are empty.
var sqsParts = map[string]part{
	"sqs.SendMessage":      {remember: (*Front).messageSent},
	"sqs.SendMessageBatch": {remember: (*Front).messageSent},
}

// SetQueues says who is told, from now on, of every queue that gets a message.
// sent must return at once.
func (f *Front) SetQueues(sent func(region, queue string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = sent
}

func (f *Front) messageSent(_ context.Context, x *exchange, _ *answer) {
	var request struct{ QueueUrl string }
	if err := json.Unmarshal(x.body, &request); err != nil {
		f.log.Error("a message was sent in a protocol that the front does not read", "region", x.who.Region, "err", err)
		return
	}
	f.mu.Lock()
	sent := f.sent
	f.mu.Unlock()
	if sent != nil {
		sent(x.who.Region, path.Base(request.QueueUrl))
	}
}
