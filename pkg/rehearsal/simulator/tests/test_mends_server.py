"""The mend of moto's server, before and after.

Run, in the folder above this one: python -m unittest tests.test_mends_server
"""

import io
from unittest import mock

import moto.backends
from moto.dynamodb.models import table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from launcher import answers

from .bench import Case, moto_as_it_came

HOSTS = {
    "ec2.us-east-1.amazonaws.com": "ec2",
    "route53.us-west-2.amazonaws.com": "route53",
    "dynamodb": "dynamodb",
    "moto_api": "moto_api",
    "nothing.example.com": None,
}


class Server(Case):
    def looks(self):
        """What the hosts lead to, and how often the disk was asked in three rounds."""
        app = DomainDispatcherApplication(create_backend_app)
        with mock.patch.object(moto.backends.os, "listdir", wraps=moto.backends.os.listdir) as disk:
            for _ in range(3):
                found = {host: app.get_backend_for_host(host) for host in HOSTS}
        return found, disk.call_count

    def test_the_backend_of_a_host_is_found_on_disk_once(self):
        as_it_came = DomainDispatcherApplication.get_backend_for_host
        asked = len(HOSTS) - 1  # all but moto_api
        self.assertEqual(self.looks(), (HOSTS, 3 * asked))
        answers.mend()
        try:
            self.assertEqual(self.looks(), (HOSTS, asked))
        finally:
            DomainDispatcherApplication.get_backend_for_host = as_it_came


def request(body, target="", content_type="application/x-www-form-urlencoded", query="", method="POST"):
    return {
        "REQUEST_METHOD": method, "CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
        "QUERY_STRING": query, "HTTP_X_AMZ_TARGET": target,
    }


class Disturbed(Case):
    def begun(self, environ, error, disturbances):
        """How often an app is begun that breaks so many times, and what became of it."""
        bodies = []
        environ["wsgi.input"].seek(0)

        def app(environ, start_response):
            bodies.append(environ["wsgi.input"].read())
            environ["marked"] = True
            if len(bodies) <= disturbances:
                raise error
            return [b"an answer"]

        try:
            answer = answers.undisturbed(app)(environ, None)
        except RuntimeError as err:
            answer = err
        self.assertNotIn("marked", environ)
        self.assertEqual(set(bodies), {environ["wsgi.input"].getvalue()})
        return len(bodies), answer

    def test_a_read_is_begun_anew(self):
        grew = RuntimeError("dictionary changed size during iteration")
        for environ in (
            request(b"Action=DescribeVolumes&Version=2016-11-15"),
            request(b"", query="Action=ListTopics", content_type=""),
            request(b'{"TableName": "runs"}', target="DynamoDB_20120810.Query", content_type="application/x-amz-json-1.0"),
            request(b"", method="GET", content_type=""),
        ):
            with self.subTest(environ):
                self.assertEqual(self.begun(dict(environ), grew, 3), (4, [b"an answer"]))
                times, answer = self.begun(dict(environ), grew, 1000)
                self.assertEqual((times, answer), (answers.READINGS, grew))

    def test_nothing_else_is(self):
        grew, broke = RuntimeError("Set changed size during iteration"), RuntimeError("broken")
        for environ, error in (
            (request(b"Action=RunInstances"), grew),
            (request(b"{}", target="DynamoDB_20120810.PutItem", content_type="application/x-amz-json-1.0"), grew),
            (request(b"", method="DELETE", content_type=""), grew),
            (request(b"Action=DescribeVolumes"), broke),
        ):
            with self.subTest(environ):
                self.assertEqual(self.begun(environ, error, 1), (1, error))

    def test_a_query_that_a_write_disturbs_is_answered(self):
        """moto goes through a table's items; one that is written meanwhile breaks that."""
        look, written = table.Table.all_items, []

        class Items(dict):
            def values(self):
                for item in super().values():
                    yield item
                    if not written:
                        written.append(True)
                        call(plain, "PutItem", put % b"9")

        def disturbed(self):
            for key, items in self.items.items():
                self.items[key] = Items(items)
            return look(self)

        def call(app, action, body):
            environ = request(body, target="DynamoDB_20120810." + action, content_type="application/x-amz-json-1.0")
            return b"".join(app({
                **environ, "PATH_INFO": "/", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "1", "HTTP_HOST": "dynamodb.us-east-1.amazonaws.com",
                "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(),
                "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=tester/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
            }, lambda *_: None))

        put = b'{"TableName": "runs", "Item": {"plan": {"S": "storefront"}, "entry": {"N": "%s"}}}'
        plain = DomainDispatcherApplication(create_backend_app)
        for app, breaks in ((plain, True), (answers.undisturbed(plain), False)):
            with moto_as_it_came():
                written.clear()
                call(app, "CreateTable", b'''{"TableName": "runs", "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "plan", "AttributeType": "S"}, {"AttributeName": "entry", "AttributeType": "N"}],
                    "KeySchema": [{"AttributeName": "plan", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}]}''')
                for entry in (b"1", b"2"):
                    call(app, "PutItem", put % entry)
                query = b'''{"TableName": "runs", "KeyConditionExpression": "#p = :p", "ExpressionAttributeNames": {"#p": "plan"},
                    "ExpressionAttributeValues": {":p": {"S": "storefront"}}}'''
                with mock.patch.object(table.Table, "all_items", disturbed):
                    if breaks:
                        with self.assertRaisesRegex(RuntimeError, "during iteration"):
                            call(app, "Query", query)
                    else:
                        self.assertIn(b'"Count": 3', call(app, "Query", query))
