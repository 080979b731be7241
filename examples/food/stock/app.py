"""Sets portions of a dish aside, or takes them back. There are ten of each."""

import boto3

ALL = 10

dynamodb = boto3.client("dynamodb")


class SoldOut(Exception):
    pass


def handler(event, context):
    change = event.get("back", 0) - event.get("take", 0)
    enough = "portions >= :least" if -change > ALL else "attribute_not_exists(portions) OR portions >= :least"
    try:
        dynamodb.update_item(
            TableName="portions",
            Key={"dish": {"S": event["dish"]}},
            UpdateExpression="SET portions = if_not_exists(portions, :all) + :change",
            ConditionExpression=enough,
            ExpressionAttributeValues={
                ":all": {"N": str(ALL)},
                ":change": {"N": str(change)},
                ":least": {"N": str(-change)},
            },
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        raise SoldOut(f"There is not so much {event['dish']}.") from None
