"""The mends of CloudWatch, before and after, and its JSON protocol over HTTP.

Run, in the folder above this one: python -m unittest tests.test_mends_alarms
"""

import datetime
import json
import urllib.error
import urllib.request

from moto.server import ThreadedMotoServer

from .bench import PRIMARY, Case, client, mended, moto_as_it_came
from .test_mends_services import alarm


class Alarms(Case):
    def queue(self):
        """A queue that gets every CloudWatch event of the default bus."""
        sqs, events = client("sqs"), client("events")
        url = sqs.create_queue(QueueName="seen")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name="alarms", EventPattern=json.dumps({"source": ["aws.cloudwatch"]}))
        events.put_targets(Rule="alarms", Targets=[{"Id": "seen", "Arn": arn}])
        return lambda: [json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]

    def test_a_state_that_changes_is_dated_and_put_on_the_bus(self):
        def changed():
            cloudwatch, seen = client("cloudwatch"), self.queue()
            alarm(cloudwatch, "checkout")
            for value in ("OK", "ALARM", "ALARM"):
                cloudwatch.set_alarm_state(AlarmName="checkout", StateValue=value, StateReason=f"{value} now", StateReasonData='{"n": 1}')
            return cloudwatch.describe_alarms(AlarmNames=["checkout"])["MetricAlarms"][0], seen()

        with moto_as_it_came():
            found, events = changed()
            self.assertNotIn("StateTransitionedTimestamp", found)
            self.assertEqual(events, [])
        with mended():
            found, events = changed()
            self.assertLessEqual(found["StateTransitionedTimestamp"], found["StateUpdatedTimestamp"])
            self.assertEqual([e["detail"]["state"]["value"] for e in events], ["OK", "ALARM"])
            event = events[1]
            self.assertEqual((event["source"], event["detail-type"]), ("aws.cloudwatch", "CloudWatch Alarm State Change"))
            self.assertEqual(event["region"], PRIMARY)
            self.assertEqual(event["resources"], [found["AlarmArn"]])
            detail = event["detail"]
            self.assertEqual(detail["previousState"]["value"], "OK")
            self.assertEqual(detail["state"]["reasonData"], '{"n": 1}')
            self.assertRegex(detail["state"]["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$")
            (metric,) = detail["configuration"]["metrics"]
            self.assertEqual(metric["metricStat"]["metric"]["dimensions"], {"Plan": "storefront"})
            self.assertEqual((metric["metricStat"]["period"], metric["metricStat"]["stat"]), (60, "Minimum"))

    def test_a_new_alarm_has_no_data_and_an_update_keeps_its_state(self):
        def states():
            cloudwatch = client("cloudwatch")
            alarm(cloudwatch, "checkout")
            new = cloudwatch.describe_alarms()["MetricAlarms"][0]
            cloudwatch.set_alarm_state(AlarmName="checkout", StateValue="ALARM", StateReason="down")
            before = cloudwatch.describe_alarms()["MetricAlarms"][0]
            alarm(cloudwatch, "checkout", TreatMissingData="breaching")
            after = cloudwatch.describe_alarms()["MetricAlarms"][0]
            return new["StateValue"], after["StateValue"], before.get("StateTransitionedTimestamp"), after.get("StateTransitionedTimestamp")

        with moto_as_it_came():
            self.assertEqual(states()[:2], ("OK", "OK"))
        with mended():
            new, updated, before, after = states()
            self.assertEqual((new, updated), ("INSUFFICIENT_DATA", "ALARM"))
            self.assertEqual(before, after)

    def test_the_history_has_the_changes_of_a_state(self):
        def history(**asked):
            cloudwatch = client("cloudwatch")
            if not cloudwatch.describe_alarms()["MetricAlarms"]:
                alarm(cloudwatch, "checkout")
                for value in ("OK", "ALARM", "ALARM", "OK", "ALARM"):
                    cloudwatch.set_alarm_state(AlarmName="checkout", StateValue=value, StateReason=f"{value} now")
            return cloudwatch.describe_alarm_history(AlarmName="checkout", HistoryItemType="StateUpdate", **asked)

        with moto_as_it_came(), self.assertRaises(NotImplementedError):
            history()
        with mended():
            items = history()["AlarmHistoryItems"]
            data = [json.loads(item["HistoryData"]) for item in items]
            turns = [(d["oldState"]["stateValue"], d["newState"]["stateValue"]) for d in data]
            self.assertEqual(turns, [("OK", "ALARM"), ("ALARM", "OK"), ("OK", "ALARM"), ("INSUFFICIENT_DATA", "OK")])
            self.assertEqual(data[0]["newState"]["stateReason"], "ALARM now")
            found = client("cloudwatch").describe_alarms()["MetricAlarms"][0]
            self.assertEqual(items[0]["Timestamp"], found["StateTransitionedTimestamp"])
            self.assertEqual(history(StartDate=items[0]["Timestamp"] + datetime.timedelta(seconds=1))["AlarmHistoryItems"], [])
            page = history(MaxRecords=3, ScanBy="TimestampAscending")
            rest = history(MaxRecords=3, ScanBy="TimestampAscending", NextToken=page["NextToken"])
            self.assertEqual((page["AlarmHistoryItems"] + rest["AlarmHistoryItems"])[::-1], items)
            self.assertNotIn("NextToken", rest)


class OverJSON(Case):
    """The front sends the Go SDK's CBOR as JSON: what that takes and answers."""

    def setUp(self):
        context = mended()
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        self.addCleanup(self.server.stop)

    def call(self, action, **body):
        host, port = self.server.get_host_and_port()
        request = urllib.request.Request(
            f"http://{host}:{port}/",
            data=json.dumps(body).encode(),
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"GraniteServiceVersion20100801.{action}",
                "Authorization": f"AWS4-HMAC-SHA256 Credential=tester/20260101/{PRIMARY}/monitoring/aws4_request, SignedHeaders=host, Signature=0",
            },
        )
        with urllib.request.urlopen(request) as answer:
            return answer.headers, json.loads(answer.read() or b"{}")

    def test_metrics_go_in_and_out_with_seconds_since_1970(self):
        at = 1_767_225_600  # 2026-01-01T00:00:00Z
        space = {"Namespace": "Pilotlight/storefront"}
        plan = [{"Name": "Plan", "Value": "storefront"}]
        data = [{"MetricName": "Side", "Timestamp": at, "Value": 0.0, "Dimensions": plan}]
        data.append({"MetricName": "Side", "Timestamp": at + 60.5, "Value": 1.0, "Dimensions": plan})
        data.append({"MetricName": "Side", "Timestamp": "2026-01-01T00:02:00Z", "Value": 2.0, "Dimensions": plan})
        self.call("PutMetricData", **space, MetricData=data)
        window = {"StartTime": at, "EndTime": at + 300}
        _, statistics = self.call("GetMetricStatistics", **space, **window, MetricName="Side", Period=60, Statistics=["Minimum"])
        points = sorted((p["Timestamp"], p["Minimum"]) for p in statistics["Datapoints"])
        self.assertEqual([value for _, value in points], [0.0, 1.0, 2.0])
        self.assertEqual(points[0][0], at)
        metric = {"Metric": {**space, "MetricName": "Side", "Dimensions": plan}, "Period": 60, "Stat": "Minimum"}
        _, answer = self.call("GetMetricData", **window, MetricDataQueries=[{"Id": "side", "MetricStat": metric}], ScanBy="TimestampAscending")
        (series,) = answer["MetricDataResults"]
        self.assertEqual((series["Timestamps"], series["Values"]), ([at, at + 60, at + 120], [0.0, 1.0, 2.0]))

    def test_a_metric_without_a_time_is_dated_now(self):
        self.call("PutMetricData", Namespace="N", MetricData=[{"MetricName": "M", "Value": 1}])
        now = datetime.datetime.now(datetime.timezone.utc).timestamp()
        _, found = self.call("GetMetricStatistics", Namespace="N", MetricName="M", StartTime=now - 60, EndTime=now + 60, Period=60, Statistics=["Sum"])
        self.assertAlmostEqual(found["Datapoints"][0]["Timestamp"], now, delta=5)

    def test_alarms_are_put_and_described(self):
        asked = {"AlarmName": "side", "Namespace": "N", "MetricName": "M", "Statistic": "Minimum", "Period": 60}
        asked |= {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "LessThanThreshold"}
        self.call("PutMetricAlarm", **asked)
        _, found = self.call("DescribeAlarms", AlarmNames=["side"])
        (got,) = found["MetricAlarms"]
        self.assertLessEqual(asked.items(), got.items())
        self.assertIsInstance(got["StateTransitionedTimestamp"], (int, float))
        self.assertEqual(got["StateValue"], "INSUFFICIENT_DATA")

    def test_an_error_names_its_type(self):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.call("SetAlarmState", AlarmName="nobody", StateValue="OK", StateReason="r")
        self.addCleanup(caught.exception.close)
        self.assertEqual(caught.exception.code, 404)
        self.assertIn("ResourceNotFound", json.loads(caught.exception.read())["__type"])
