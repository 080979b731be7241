"""What is done to queues: they are created, listed, changed, purged, tagged, deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.services.pages import read_token, write_token
from lambda_emu.services.sqs.attributes import COUNTED, SETTABLE, TOLD, check, check_together
from lambda_emu.services.sqs.errors import (
    InvalidTexts,
    InvalidValue,
    PurgedLately,
    QueueIsThere,
    SqsError,
    UnknownAttribute,
)
from lambda_emu.services.sqs.message import MessageState
from lambda_emu.services.sqs.queue import Queue, QueueRecord, arn_of
from lambda_emu.services.sqs.queues import Queues
from lambda_emu.services.sqs.request import QueueRequest, check_name

PAGE = 1000
PURGE_S = 60.0
MOST_TAGS = 50
MOST_STATEMENTS = 20
MOST_ACTIONS = 7
ACTIONS = frozenset(
    {
        "*",
        "SendMessage",
        "ReceiveMessage",
        "DeleteMessage",
        "ChangeMessageVisibility",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
    }
)
NAME_OF_FIFO = (
    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo "
    "suffix and be 1 to 80 in length."
)


def create_queue(asked: QueueRequest, queues: Queues) -> None:
    """One that is there with the same attributes is the answer too."""
    name: str = asked.required("QueueName")
    check_name(name)
    given: Mapping[str, str] = asked.members.get("Attributes", {})
    is_fifo, says_fifo = name.endswith(".fifo"), given.get("FifoQueue", "").lower() == "true"
    if is_fifo != says_fifo:
        raise InvalidTexts(
            NAME_OF_FIFO
            if says_fifo
            else "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    attributes = _checked(given, asked.scope, name, queues)
    check_together(attributes)
    tags = _tags(asked.members.get("tags", {}), name)
    found = asked.url_of(asked.scope, name)

    def told(error: SqsError | None) -> None:
        if error is not None:
            asked.fail(error)
        else:
            asked.answer({"QueueUrl": found})

    if not queues.directory.knows(asked.scope, name):
        queues.create(asked.scope, name, attributes, dict(tags), told)
        return
    there = queues.find(asked.scope, name)
    for attribute, value in attributes.items():
        if there.record.settings.get(attribute, "") != value:
            raise QueueIsThere(attribute)
    queues.change(there, there.record, told)  # the answer follows the commit of whoever created it


def delete_queue(asked: QueueRequest, queues: Queues) -> None:
    queues.delete_queue(asked.queue(queues), asked.told)


def get_queue_url(asked: QueueRequest, queues: Queues) -> None:
    name: str = asked.required("QueueName")
    account = asked.members.get("QueueOwnerAWSAccountId") or asked.scope.account
    scope = Scope(account, asked.scope.region)
    queues.find(scope, name)
    asked.answer({"QueueUrl": asked.url_of(scope, name)})


def list_queues(asked: QueueRequest, queues: Queues) -> None:
    names = queues.directory.names(asked.scope, asked.members.get("QueueNamePrefix", ""))
    _answer_page(asked, "QueueUrls", [(name, asked.url_of(asked.scope, name)) for name in names])


def list_dead_letter_source_queues(asked: QueueRequest, queues: Queues) -> None:
    sources = queues.directory.sources(asked.queue(queues))
    urls = [(f"{one.scope.account}/{one.name}", asked.url_of(one.scope, one.name)) for one in sources]
    _answer_page(asked, "queueUrls", sorted(urls), always=True)


def get_queue_attributes(asked: QueueRequest, queues: Queues) -> None:
    queue = asked.queue(queues)
    names: Sequence[str] = asked.members.get("AttributeNames", ())
    for name in names:
        if name != "All" and name not in SETTABLE and name not in TOLD:
            raise UnknownAttribute(name)
    queues.ripen(queue)
    told = _told(queue)
    found = told if "All" in names else {name: told[name] for name in names if name in told}
    asked.answer({"Attributes": found} if found else None)


def set_queue_attributes(asked: QueueRequest, queues: Queues) -> None:
    queue = asked.queue(queues)
    record = queue.record
    given: Mapping[str, str] = asked.required("Attributes")
    if given.get("FifoQueue", "true").lower() != "true" or ("FifoQueue" in given and not record.is_fifo):
        raise UnknownAttribute("FifoQueue")
    wanted = _checked(given, record.scope, record.name, queues)
    if wanted.get("KmsMasterKeyId") and "SqsManagedSseEnabled" not in wanted:
        wanted["SqsManagedSseEnabled"] = "false"
    changed = record.changed(wanted, asked.clock.now_s())
    check_together(changed.settings)
    queues.change(queue, changed, asked.told)


def purge_queue(asked: QueueRequest, queues: Queues) -> None:
    queue = asked.queue(queues)
    if queue.purged_s is not None and asked.clock.monotonic_s() - queue.purged_s < PURGE_S:
        raise PurgedLately(queue.record.name)
    queues.purge(queue, asked.told)


# -- tags and permissions -------------------------------------------------------------------------


def tag_queue(asked: QueueRequest, queues: Queues) -> None:
    queue = asked.queue(queues)
    tags = _tags({**queue.record.tags, **asked.required("Tags")}, queue.record.name)
    queues.change(queue, replace(queue.record, tags=tags), asked.told)


def untag_queue(asked: QueueRequest, queues: Queues) -> None:
    queue = asked.queue(queues)
    gone = set(asked.required("TagKeys"))
    tags = {key: value for key, value in queue.record.tags.items() if key not in gone}
    queues.change(queue, replace(queue.record, tags=tags), asked.told)


def list_queue_tags(asked: QueueRequest, queues: Queues) -> None:
    tags = asked.queue(queues).record.tags
    asked.answer({"Tags": tags} if tags else None)


def add_permission(asked: QueueRequest, queues: Queues) -> None:
    """A statement of the queue's policy, which is kept and not looked at."""
    queue = asked.queue(queues)
    label, actions = asked.required("Label"), asked.required("Actions")
    accounts = [f"arn:aws:iam::{account}:root" for account in asked.required("AWSAccountIds")]
    for action in actions:
        if action not in ACTIONS:
            reason = "Only the queue owner is allowed to invoke this action."
            raise InvalidTexts(f"Value SQS:{action} for parameter ActionName is invalid. Reason: {reason}")
    policy = _policy(queue.record)
    if any(one.get("Sid") == label for one in policy["Statement"]):
        raise InvalidValue(label, "Label", "Already exists.")
    if len(policy["Statement"]) >= MOST_STATEMENTS or len(actions) > MOST_ACTIONS:
        raise InvalidTexts(f"{len(actions)} Actions were found, maximum allowed is {MOST_ACTIONS}.")
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _one_or_all(accounts)},
        "Action": _one_or_all([f"SQS:{action}" for action in actions]),
        "Resource": queue.record.arn,
    }
    _set_policy(asked, queues, queue, policy | {"Statement": [*policy["Statement"], statement]})


def remove_permission(asked: QueueRequest, queues: Queues) -> None:
    queue = asked.queue(queues)
    label = asked.required("Label")
    policy = _policy(queue.record)
    left = [one for one in policy["Statement"] if one.get("Sid") != label]
    if len(left) == len(policy["Statement"]):
        raise InvalidValue(label, "Label", "can't find label on existing policy.")
    _set_policy(asked, queues, queue, policy | {"Statement": left})


def _set_policy(asked: QueueRequest, queues: Queues, queue: Queue, policy: Mapping[str, Any]) -> None:
    text = json.dumps(policy, separators=(",", ":")) if policy["Statement"] else ""
    queues.change(queue, queue.record.changed({"Policy": text}, asked.clock.now_s()), asked.told)


def _policy(record: QueueRecord) -> dict[str, Any]:
    text = record.settings.get("Policy")
    if text is None:
        return {"Version": "2008-10-17", "Id": f"{record.arn}/SQSDefaultPolicy", "Statement": []}
    policy: dict[str, Any] = json.loads(text)
    statements = policy.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    return policy | {"Statement": [one for one in listed if isinstance(one, dict)]}


def _one_or_all(texts: list[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else texts


def _tags(tags: Mapping[str, str], name: str) -> Mapping[str, str]:
    if len(tags) > MOST_TAGS:
        raise InvalidTexts(f"Too many tags added for queue {name}.")
    if any(not 1 <= len(key) <= 128 or len(value) > 256 for key, value in tags.items()):
        raise InvalidTexts("Tag keys must be between 1 and 128 characters in length, values 256 at most.")
    return tags


# -- attributes and pages -------------------------------------------------------------------------


def _checked(given: Mapping[str, str], scope: Scope, name: str, queues: Queues) -> dict[str, str]:
    """Attributes of the queue of that name, which may be about to be created. SqsError."""
    found = check(given, is_fifo=name.endswith(".fifo"))
    redrive = found.get("RedrivePolicy")
    if redrive:
        dead = queues.find_arn(json.loads(redrive)["deadLetterTargetArn"])
        if dead is None or dead.record.scope != scope:
            raise InvalidValue(given["RedrivePolicy"], "RedrivePolicy", "Dead letter target does not exist.")
        if not dead.record.takes_from(arn_of(scope, name)):
            reason = "The RedriveAllowPolicy of the dead letter target does not allow this queue."  # (?)
            raise InvalidValue(given["RedrivePolicy"], "RedrivePolicy", reason)
    return found


def _told(queue: Queue) -> dict[str, str]:
    record = queue.record
    states = (MessageState.VISIBLE, MessageState.IN_FLIGHT, MessageState.DELAYED)
    counts = {name: str(queue.counts[state]) for name, state in zip(COUNTED, states, strict=True)}
    times = {"CreatedTimestamp": str(record.created_s), "LastModifiedTimestamp": str(record.modified_s)}
    return {"QueueArn": record.arn, **counts, **times, **record.settings}


def _answer_page(asked: QueueRequest, member: str, urls: Sequence[tuple[str, str]], *, always: bool = False) -> None:
    """urls: each with its place in their order. Without MaxResults there is one page, and no token."""
    most: int | None = asked.members.get("MaxResults")
    if most is not None and not 1 <= most <= PAGE:
        raise InvalidValue(most, "MaxResults", "MaxResults must be an integer between 1 and 1000.")
    token = asked.members.get("NextToken")
    after = _place(token) if token else ""
    left = [pair for pair in urls if pair[0] > after]
    page = left[: most or PAGE]
    result: dict[str, Any] = {member: [url for _, url in page]} if page or always else {}
    if most is not None and len(left) > len(page):
        result["NextToken"] = write_token(page[-1][0])
    asked.answer(result)


def _place(token: str) -> str:
    try:
        return read_token(token)[0]
    except ValueError:
        raise InvalidValue(token[:1024], "NextToken", "Invalid or expired NextToken.") from None
