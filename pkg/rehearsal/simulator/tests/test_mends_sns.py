"""The mends of SNS, before and after.

Run, in the folder above this one: python -m unittest tests.test_mends_sns
"""

import json
import threading
from unittest import mock

from launcher import sns as mend

from .bench import Case, client, mended, moto_as_it_came


class Topics(Case):
    def subscribed(self, **attributes):
        """A topic, and a queue that it sends to."""
        sqs, sns = client("sqs"), client("sns")
        url = sqs.create_queue(QueueName="signals")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = sns.create_topic(Name="signals")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
        return sns, topic, sqs, url, arn

    def bodies(self, sqs, url):
        return [m["Body"] for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]

    def sent(self, publish):
        """What goes through the front while publish runs: queue and body of each message."""
        through, threads = [], []

        def front(queue, body):
            through.append((queue, body))

        class Now(threading.Thread):
            def start(self):
                threads.append(self)
                self.run()

        with mock.patch.object(mend, "send", front), mock.patch.object(mend.threading, "Thread", Now):
            publish()
        self.assertEqual(len(threads), len(through))
        return through

    def test_a_message_to_a_queue_goes_through_the_front_in_snss_own_envelope(self):
        with moto_as_it_came():
            sns, topic, sqs, url, _ = self.subscribed()
            through = self.sent(lambda: sns.publish(TopicArn=topic, Message="look", Subject="s"))
            self.assertEqual((through, len(self.bodies(sqs, url))), ([], 1))
        with mended():
            sns, topic, sqs, url, arn = self.subscribed()
            ((queue, body),) = self.sent(lambda: sns.publish(TopicArn=topic, Message="look", Subject="s"))
            self.assertEqual((queue, self.bodies(sqs, url)), (arn, []))
            said = json.loads(body)
            self.assertEqual([said[k] for k in ("Type", "TopicArn", "Message", "Subject")], ["Notification", topic, "look", "s"])

    def test_raw_delivery_is_what_the_subscription_says(self):
        with mended():
            sns, topic, *_ = self.subscribed(RawMessageDelivery="false")
            ((_, body),) = self.sent(lambda: sns.publish(TopicArn=topic, Message="look"))
            self.assertEqual(json.loads(body)["Message"], "look")
        with mended():
            sns, topic, *_ = self.subscribed(RawMessageDelivery="true")
            ((_, body),) = self.sent(lambda: sns.publish(TopicArn=topic, Message="look"))
            self.assertEqual(body, "look")

    def test_what_the_subscriptions_filter_does_not_let_through_is_not_sent(self):
        policy = json.dumps({"urgent": ["yes"]})
        with mended():
            sns, topic, *_ = self.subscribed(FilterPolicy=policy)
            self.assertEqual(self.sent(lambda: sns.publish(TopicArn=topic, Message="look")), [])
            urgent = {"urgent": {"DataType": "String", "StringValue": "yes"}}
            ((_, body),) = self.sent(lambda: sns.publish(TopicArn=topic, Message="look", MessageAttributes=urgent))
            self.assertEqual(json.loads(body)["Message"], "look")
