"""Whatever a request says, what it asks for is found out, in little time, and asks for something."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from lambda_emu.access.reading import DEMANDS, demands_of
from lambda_emu.arn import Scope
from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head

SCOPE = Scope("111111111111", "us-east-1")
NAMES = (
    *("QueueUrl", "QueueName", "SourceArn", "TopicArn", "TableName", "IndexName", "RequestItems", "TransactItems"),
    *("Statement", "Statements", "StreamArn", "StreamARN", "ShardIterator", "NextToken", "ConsumerARN", "Entries"),
    *("Rule", "Name", "EventBusName", "Targets", "ArchiveName", "logGroupName", "logGroupNames", "logStreamName"),
    *("stateMachineArn", "executionArn", "name", "roleArn", "SecretId", "Names", "Path", "ResourceId", "Target"),
    *("ResourceARN", "ResourceArn", "resourceArn", "SubscriptionArn", "Protocol", "FunctionName", "Role"),
)
OPERATIONS = (
    *("GetItem", "TransactWriteItems", "PutEvents", "PutRule", "PutTargets", "CreateArchive", "GetRecords"),
    *("SendMessage", "Publish", "CreateTopic", "GetParameter", "GetParametersByPath", "CreateStateMachine"),
    *("GetSecretValue", "PutLogEvents", "DescribeLogGroups", "", "x" * 4000),
)
TEXTS = (
    *("", "t", "arn:", "arn:aws:sqs", "arn:aws:x:y:z:w", "a:b:c:d:e:f:g:h", "http://[", "//", "é\0", "%00", "*" * 3000),
    *("select", "SELECT * FROM", "select " + "x " * 4000, "${aws:username}", "|", "=" * 2000),
)
PATHS = (
    *("/", "//", "/bucket/key", "/%", "/%ff/%00", "/bucket/" + "/" * 3000, "/2015-03-31/functions/f/invocations"),
    *("/2015-03-31/functions/", "/2015-03-31/functions/%2f%2f/policy", "/schedules/", "/schedules/x", "/tags/arn:aws"),
    *("/2018-10-31/layers/l/versions/x", "/111111111111/q", "/2017-03-31/tags/arn:x", "/" + "a/" * 3000),
)


def value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(8 if depth < 3 else 5)
    if kind < 3:
        return chance.choice(TEXTS)
    if kind == 3:
        return chance.choice((None, True, 1, -1.5, 10**30))
    if kind in (4, 5):
        return [value(chance, depth + 1) for _ in range(chance.randrange(3))]
    return {chance.choice((*NAMES, "Put", "Get")): value(chance, depth + 1) for _ in range(chance.randrange(4))}


def some_request(chance: random.Random, service: str) -> Request:
    path, query = chance.choice(PATHS).encode(), chance.choice((b"", b"policy", b"delete", b"a=%ff&=&&b", b"Action=x"))
    headers = [(b"host", b"localhost"), (b"content-type", chance.choice((b"", b"application/x-amz-cbor-1.1")))]
    if chance.random() < 0.7:
        headers.append((b"x-amz-target", b"Any." + chance.choice(OPERATIONS).encode()))
    if chance.random() < 0.1:
        headers.append((b"x-amz-copy-source", chance.choice(TEXTS).encode()))
    method = chance.choice((b"GET", b"PUT", b"POST", b"DELETE", b"HEAD", b"PATCH"))
    asked = Request(Head(method, path + b"?" + query, headers, "1.1", True), path, query, service)
    members = {name: value(chance) for name in chance.sample(NAMES, 12)}
    asked.body = chance.choice(
        (json.dumps(members).encode(), b"\xbf\xff", b"Action=Publish&TopicArn=%ff", b"<Key>a&b</Key>")
    )
    return asked


@pytest.mark.parametrize("service", sorted(DEMANDS))
def test_no_request_is_too_odd(service: str) -> None:
    chance = random.Random(service)
    begun_s = time.process_time()

    for _ in range(1500):
        for demand in demands_of(service, some_request(chance, service), SCOPE):
            prefix = demand.action.partition(":")[0]
            assert prefix in (service, "iam")
            assert isinstance(demand.resource, str)
            assert isinstance(demand.owner, str)

    assert time.process_time() - begun_s < 20
