"""Buckets, queues, tables and topics: made where they are missing, changed where they are declared, never removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import CannotChange, Members, Present, Resource
from lambda_emu.project.services.left import ORIGIN
from lambda_emu.project.services.reach import Reach

BUCKET, QUEUE, TABLE, STREAM, TOPIC = "bucket", "queue", "table", "stream", "topic"
VISIBLE_TIMES = 6
"""AWS's advice: a queue's messages are kept from others for so many of its function's timeouts."""
LONG_ENOUGH = "LongEnough"
"""Whether they are kept for one timeout at least, which Lambda asks for."""

Look = Callable[[Resource, Reach], "tuple[str, Members] | None"]


def find_each(kind: str, look: Look) -> Callable[[Reach], Iterator[Present]]:
    """Finds those that are declared. look: the identifier of one and what it is known by, None where it is missing.

    What nobody declared of it is not compared.
    """

    def find(reach: Reach) -> Iterator[Present]:
        for resource in reach.of(kind):
            found = look(resource, reach)
            if found is not None:
                identifier, shown = found
                compared = {member: value for member, value in shown.items() if member in resource.shown}
                yield Present(resource.key, compared, identifier, ORIGIN)

    return find


def stays(present: Present, reach: Reach) -> None:
    """What holds data is nobody's to remove by not writing of it."""


# -- buckets


def bucket_arn(name: str, reach: Reach) -> str:
    return f"arn:{reach.context.scope.partition}:s3:::{name}"


def _look_at_bucket(resource: Resource, reach: Reach) -> tuple[str, Members] | None:
    name = resource.key.name
    if reach.find("s3", "GetBucketLocation", Bucket=name) is None:  # not HeadBucket, whose refusal says no reason
        return None
    shown = {}
    if "Versioning" in resource.shown:
        shown["Versioning"] = reach.call("s3", "GetBucketVersioning", Bucket=name).get("Status", "Suspended")
    return bucket_arn(name, reach), shown


def _create_bucket(name: str, members: Members, reach: Reach) -> str:
    region = reach.context.scope.region
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    reach.call("s3", "CreateBucket", Bucket=name, **where)
    if members.get("Versioning") == "Enabled":
        _set_versioning(name, members, reach)
    return bucket_arn(name, reach)


def _update_bucket(present: Present, members: Members, reach: Reach) -> str:
    _set_versioning(present.key.name, members, reach)
    return present.identifier


def _set_versioning(name: str, members: Members, reach: Reach) -> None:
    status = {"Status": members["Versioning"]}
    reach.call("s3", "PutBucketVersioning", Bucket=name, VersioningConfiguration=status)


# -- queues


def _look_at_queue(resource: Resource, reach: Reach) -> tuple[str, Members] | None:
    url = reach.find("sqs", "GetQueueUrl", QueueName=resource.key.name)
    if url is None:
        return None
    found = reach.call("sqs", "GetQueueAttributes", QueueUrl=url["QueueUrl"], AttributeNames=["All"])["Attributes"]
    shown: dict[str, Any] = dict(found)
    wanted_s = int(resource.members.get("VisibilityTimeout", 0))
    shown[LONG_ENOUGH] = int(found["VisibilityTimeout"]) * VISIBLE_TIMES >= wanted_s
    redrive = json.loads(found.get("RedrivePolicy") or "null")
    shown["RedrivePolicy"] = redrive and {name: str(value) for name, value in redrive.items()}
    return found["QueueArn"], shown


def _create_queue(name: str, members: Members, reach: Reach) -> str:
    attributes = _attributes(members)
    if name.endswith(".fifo"):
        attributes["FifoQueue"] = "true"
    given = {key: value for key, value in attributes.items() if value}
    url = reach.call("sqs", "CreateQueue", QueueName=name, Attributes=given)["QueueUrl"]
    found = reach.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])  # others may serve it, in an account of theirs


def _update_queue(present: Present, members: Members, reach: Reach) -> str:
    url = reach.call("sqs", "GetQueueUrl", QueueName=present.key.name)["QueueUrl"]
    reach.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes=_attributes(members))
    return present.identifier


def _attributes(members: Members) -> dict[str, str]:
    """All of them are texts. An empty policy takes away what there is."""
    found = dict(members)
    if "RedrivePolicy" in found:
        found["RedrivePolicy"] = json.dumps(found["RedrivePolicy"]) if found["RedrivePolicy"] else ""
    return found


# -- tables


def _look_at_table(resource: Resource, reach: Reach) -> tuple[str, Members] | None:
    name = resource.key.name
    found = reach.find("dynamodb", "DescribeTable", TableName=name)
    if found is None:
        return None
    table = found["Table"]
    shown = {
        "KeySchema": table["KeySchema"],
        "AttributeDefinitions": sorted(table["AttributeDefinitions"], key=lambda one: str(one["AttributeName"])),
        "Indexes": {index["IndexName"]: index["KeySchema"] for index in table.get("GlobalSecondaryIndexes", [])},
    }
    if "TimeToLive" in resource.shown:
        shown["TimeToLive"] = _time_to_live(name, reach)
    return table["TableArn"], shown


def _time_to_live(name: str, reach: Reach) -> str | None:
    found = reach.call("dynamodb", "DescribeTimeToLive", TableName=name)["TimeToLiveDescription"]
    is_on = found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    return str(found["AttributeName"]) if is_on else None


def _create_table(name: str, members: Members, reach: Reach) -> str:
    if not members:
        raise CannotChange(f"there is no table {name}; declare it below resources.tables, with its key")
    indexes = [
        {"IndexName": index, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}
        for index, schema in members["Indexes"].items()
    ]
    made = reach.call(
        "dynamodb",
        "CreateTable",
        TableName=name,
        KeySchema=members["KeySchema"],
        AttributeDefinitions=members["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    )
    if members.get("TimeToLive"):
        _set_time_to_live(name, members["TimeToLive"], True, reach)
    return str(made["TableDescription"]["TableArn"])


def _update_table(present: Present, members: Members, reach: Reach) -> str:
    """Only what an item's time is told by: keys are for good."""
    name = present.key.name
    if any(members[part] != present.shown[part] for part in ("KeySchema", "AttributeDefinitions", "Indexes")):
        raise CannotChange(
            "has other keys or indexes, which stay as they were made; delete the table, or give it another name"
        )
    before, after = present.shown.get("TimeToLive"), members.get("TimeToLive")
    if before:
        _set_time_to_live(name, before, False, reach)
    if after:
        _set_time_to_live(name, after, True, reach)
    return present.identifier


def _set_time_to_live(name: str, attribute: str, is_on: bool, reach: Reach) -> None:
    said = {"AttributeName": attribute, "Enabled": is_on}
    reach.call("dynamodb", "UpdateTimeToLive", TableName=name, TimeToLiveSpecification=said)


# -- streams of tables


def _look_at_stream(resource: Resource, reach: Reach) -> tuple[str, Members] | None:
    found = reach.find("dynamodb", "DescribeTable", TableName=resource.key.name)
    if found is None or not found["Table"].get("StreamSpecification", {}).get("StreamEnabled"):
        return None
    view = found["Table"]["StreamSpecification"]["StreamViewType"]
    return found["Table"]["LatestStreamArn"], {"StreamViewType": view}


def _enable_stream(name: str, members: Members, reach: Reach) -> str:
    view = members["StreamViewType"]
    made = _set_stream(name, reach, StreamEnabled=True, StreamViewType=view)
    return str(made["TableDescription"]["LatestStreamArn"])


def _enable_anew(present: Present, members: Members, reach: Reach) -> str:
    _set_stream(present.key.name, reach, StreamEnabled=False)
    return _enable_stream(present.key.name, members, reach)


def _set_stream(name: str, reach: Reach, **said: Any) -> Mapping[str, Any]:
    return reach.call("dynamodb", "UpdateTable", TableName=name, StreamSpecification=said)


# -- topics


def _look_at_topic(resource: Resource, reach: Reach) -> tuple[str, Members] | None:
    arn = reach.arn("sns", resource.key.name)
    found = reach.find("sns", "GetTopicAttributes", TopicArn=arn)
    return None if found is None else (arn, {"ContentBasedDeduplication": "false", **found["Attributes"]})


def _create_topic(name: str, members: Members, reach: Reach) -> str:
    attributes = {**members, "FifoTopic": "true"} if name.endswith(".fifo") else members
    return str(reach.call("sns", "CreateTopic", Name=name, Attributes=dict(attributes))["TopicArn"])


def _update_topic(present: Present, members: Members, reach: Reach) -> str:
    for name, value in members.items():
        arn = present.identifier
        reach.call("sns", "SetTopicAttributes", TopicArn=arn, AttributeName=name, AttributeValue=value)
    return present.identifier


STORES: Mapping[str, ResourceKind[Reach]] = {
    BUCKET: ResourceKind("", find_each(BUCKET, _look_at_bucket), _create_bucket, _update_bucket, stays),
    QUEUE: ResourceKind("", find_each(QUEUE, _look_at_queue), _create_queue, _update_queue, stays),
    TABLE: ResourceKind("", find_each(TABLE, _look_at_table), _create_table, _update_table, stays),
    STREAM: ResourceKind("", find_each(STREAM, _look_at_stream), _enable_stream, _enable_anew, stays, renews=True),
    TOPIC: ResourceKind("", find_each(TOPIC, _look_at_topic), _create_topic, _update_topic, stays),
}
