"""What lets topics and rules of a project send to its queues: statements of the queues' policies, named by us.

What else a queue's policy says stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, Reference, ResourceKey
from lambda_emu.project.services.building import Building, hash_of
from lambda_emu.project.services.left import ORIGIN, PREFIX
from lambda_emu.project.services.reach import Reach

LET_IN = "queue's statement"
VERSION = "2012-10-17"
ACTION = "sqs:SendMessage"


def let_in(building: Building, queue: ResourceKey, service: str, source: ResourceKey, place: str) -> None:
    """queue: its key. service: `sns.amazonaws.com`. source: what sends. Keys of what lets it: `QUEUE SID`."""
    shown = {"Service": service, "Source": Reference(source)}
    sid = f"{PREFIX}{service.partition('.')[0]}-{hash_of([source.kind, source.name])}"
    building.add(LET_IN, f"{queue.name} {sid}", {**shown, "Queue": Reference(queue)}, shown, place)


def _find(reach: Reach) -> Iterator[Present]:
    """Of queues that are let into."""
    for queue in sorted({resource.key.name.split()[0] for resource in reach.of(LET_IN)}):
        url = reach.find("sqs", "GetQueueUrl", QueueName=queue)
        for statement in () if url is None else _statements(url["QueueUrl"], reach):
            sid = str(statement.get("Sid", ""))
            if sid.startswith(PREFIX):
                yield Present(ResourceKey(LET_IN, f"{queue} {sid}"), _shown(statement), sid, ORIGIN)


def _shown(statement: Mapping[str, Any]) -> Members:
    match statement:
        case {"Principal": {"Service": service}, "Condition": {"ArnEquals": {"aws:SourceArn": source}}}:
            return {"Service": service, "Source": source}
    return {}


def _statements(url: str, reach: Reach) -> list[Mapping[str, Any]]:
    asked = {"QueueUrl": url, "AttributeNames": ["Policy"]}
    found = reach.call("sqs", "GetQueueAttributes", **asked).get("Attributes", {}).get("Policy")
    statements = json.loads(found).get("Statement", []) if found else []
    return statements if isinstance(statements, list) else [statements]


def _put(name: str, members: Members, reach: Reach) -> str:
    queue, sid = name.split()
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": members["Service"]},
        "Action": ACTION,
        "Resource": members["Queue"],
        "Condition": {"ArnEquals": {"aws:SourceArn": members["Source"]}},
    }
    _replace(queue, sid, [statement], reach)
    return sid


def _put_again(present: Present, members: Members, reach: Reach) -> str:
    return _put(present.key.name, members, reach)


def _remove(present: Present, reach: Reach) -> None:
    queue, sid = present.key.name.split()
    _replace(queue, sid, [], reach)


def _replace(queue: str, sid: str, ours: list[Mapping[str, Any]], reach: Reach) -> None:
    url = reach.call("sqs", "GetQueueUrl", QueueName=queue)["QueueUrl"]
    statements = [one for one in _statements(url, reach) if one.get("Sid") != sid] + ours
    policy = json.dumps({"Version": VERSION, "Statement": statements}) if statements else ""
    reach.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})


LETS: Mapping[str, ResourceKind[Reach]] = {LET_IN: ResourceKind("", _find, _put, _put_again, _remove)}
