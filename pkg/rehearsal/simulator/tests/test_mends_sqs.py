"""The mends of SQS, before and after, and what needed none.

Run, in the folder above this one: python -m unittest tests.test_mends_sqs
"""

import json
import threading

from moto.core.utils import unix_time_millis
from moto.sqs import sqs_backends

from .bench import PRIMARY, Case, client, mended, moto_as_it_came


class Queues(Case):
    def queue(self, name="passes", **attributes):
        sqs = client("sqs")
        return sqs, sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def received(self, sqs, url):
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [m["Body"] for m in messages], messages

    def messages(self, name="passes"):
        return sqs_backends["123456789012"][PRIMARY].get_queue(name)._messages

    def test_an_old_message_is_gone_and_stands_in_nobodys_way(self):
        def after_two_hours():
            sqs, url = self.queue(MessageRetentionPeriod="3600")
            sqs.send_message(QueueUrl=url, MessageBody="old")
            self.messages()[0].sent_timestamp -= 2 * 3600 * 1000
            sqs.send_message(QueueUrl=url, MessageBody="new")
            bodies, _ = self.received(sqs, url)
            return bodies, len(self.messages())

        with moto_as_it_came():
            self.assertEqual(after_two_hours(), ([], 2))
        with mended():
            self.assertEqual(after_two_hours(), (["new"], 1))

    def test_a_message_that_is_sent_while_others_are_deleted_stays(self):
        with mended():
            sqs, url = self.queue()
            for n in range(10):
                sqs.send_message(QueueUrl=url, MessageBody=f"first {n}")
            _, first = self.received(sqs, url)
            queue = sqs_backends["123456789012"][PRIMARY].get_queue("passes")
            senders = [
                threading.Thread(target=sqs_backends["123456789012"][PRIMARY].send_message, args=("passes", f"second {n}"))
                for n in range(50)
            ]
            for sender in senders:
                sender.start()
            for message in first:
                queue.delete_message(message["ReceiptHandle"])
            for sender in senders:
                sender.join()
            self.assertEqual(sorted(m.body for m in queue._messages), sorted(f"second {n}" for n in range(50)))

    def test_a_message_comes_back_after_its_visibility_timeout_and_dies_in_the_end(self):
        with mended():
            _, dead = self.queue("dead")
            arn = client("sqs").get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
            sqs, url = self.queue(VisibilityTimeout="380", RedrivePolicy=redrive)
            sqs.send_message(QueueUrl=url, MessageBody="poison")
            for _ in range(2):
                self.assertEqual(self.received(sqs, url)[0], ["poison"])
                self.assertEqual(self.received(sqs, url)[0], [])
                self.assertAlmostEqual(self.messages()[0].visible_at - unix_time_millis(), 380_000, delta=5_000)
                self.messages()[0].visible_at -= 381_000
            self.assertEqual(self.received(sqs, url)[0], [])
            self.assertEqual(self.received(sqs, dead)[0], ["poison"])
