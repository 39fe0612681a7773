"""The mend of DynamoDB's conditional writes, before and after.

Run, in the folder above this one: python -m unittest tests.test_mends_dynamodb
"""

import threading
from unittest import mock

from botocore.exceptions import ClientError
from moto.dynamodb.models import table

from .bench import Case, client, mended, moto_as_it_came


class Writers(Case):
    def race(self):
        """How many of two writers win that both ask for an item not to be there.

        Each waits, its condition not yet looked at, for the other to come as far;
        where only one can, it goes on alone after a moment.
        """
        aws = client("dynamodb")
        aws.create_table(
            TableName="locks",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "plan", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "plan", "KeyType": "HASH"}],
        )
        both = threading.Barrier(2)
        look = table.Table.get_item
        won = []

        def look_together(self, *args, **kwargs):
            found = look(self, *args, **kwargs)
            try:
                both.wait(timeout=0.5)
            except threading.BrokenBarrierError:
                pass  # the other one cannot come here
            return found

        def write():
            try:
                aws.put_item(TableName="locks", Item={"plan": {"S": "storefront"}}, ConditionExpression="attribute_not_exists(#p)",
                             ExpressionAttributeNames={"#p": "plan"})
                won.append(1)
            except ClientError as refused:
                self.assertEqual(refused.response["Error"]["Code"], "ConditionalCheckFailedException")

        with mock.patch.object(table.Table, "get_item", look_together):
            writers = [threading.Thread(target=write) for _ in range(2)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
        return len(won)

    def test_one_of_two_writers_wins(self):
        with moto_as_it_came():
            self.assertEqual(self.race(), 2)
        with mended():
            self.assertEqual(self.race(), 1)
