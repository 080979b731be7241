"""SendMessage and its batch: what a message may be, and what whoever sent it is told."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.services.sqs.attributes import MOST_BYTES
from lambda_emu.services.sqs.errors import (
    InvalidCharacters,
    InvalidTexts,
    InvalidValue,
    MessagesTooLarge,
    MissingMember,
    SqsError,
)
from lambda_emu.services.sqs.fifo import SentMessage
from lambda_emu.services.sqs.message import Attributes, Content, Draft, md5_of, md5_of_attributes
from lambda_emu.services.sqs.operations.batches import check_entries, failed, tell
from lambda_emu.services.sqs.queue import QueueRecord
from lambda_emu.services.sqs.queues import Queues
from lambda_emu.services.sqs.request import ID, WRONG_QUEUE, QueueRequest
from lambda_emu.services.sqs.wire.members import Members

TRACE = "AWSTraceHeader"
MOST_TRACE_CHARACTERS = 1024
MOST_ATTRIBUTES = 10
_ALLOWED = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
_ATTRIBUTE = re.compile(r"(?!(?i:aws|amazon)\.)(?!.*\.\.)(?!\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,128}(?:\.[0-9]{0,128})?|\.[0-9]{1,128})(?:[eE][+-]?[0-9]{1,3})?")
_TYPE = re.compile(r"(String|Number|Binary)(?:\.[^\x00-\x1f\ud800-\udfff]*)?")


def send_message(asked: QueueRequest, queues: Queues) -> None:
    queue = asked.queue(queues)
    draft = make_draft(asked.members, queue.record, asked.scope, asked.trace)

    def told(error: SqsError | None, sent: Sequence[SentMessage]) -> None:
        if error is not None:
            asked.fail(error)
        else:
            asked.answer(_result(asked.members, draft, sent[0], queue.record))

    queues.send(queue, [draft], told)


def send_message_batch(asked: QueueRequest, queues: Queues) -> None:
    """Those entries that are right are sent together, in their order."""
    queue = asked.queue(queues)
    entries = check_entries("SendMessageBatch", asked.members)
    size = sum(size_of(one.get("MessageBody", ""), one.get("MessageAttributes", {})) for one in entries)
    if size > MOST_BYTES:
        raise MessagesTooLarge(MOST_BYTES, size)
    drafts: list[tuple[Members, Draft]] = []
    wrong = []
    for entry in entries:
        try:
            drafts.append((entry, make_draft(entry, queue.record, asked.scope, asked.trace)))
        except SqsError as error:
            wrong.append(failed(entry["Id"], error))

    def told(error: SqsError | None, sent: Sequence[SentMessage]) -> None:
        if error is not None:
            asked.fail(error)
            return
        pairs = zip(drafts, sent, strict=True)
        done = [{"Id": entry["Id"], **_result(entry, draft, one, queue.record)} for (entry, draft), one in pairs]
        tell(asked, done, wrong)

    queues.send(queue, [draft for _, draft in drafts], told)


def make_draft(members: Members, record: QueueRecord, sender: Scope, trace: str | None = None) -> Draft:
    """A message as it may be sent to a queue. trace: goes with it, unless the message says another. SqsError."""
    body = members.get("MessageBody")
    if not body:
        raise MissingMember("MessageBody")
    if not _ALLOWED.fullmatch(body):
        raise InvalidCharacters
    attributes = _attributes(members.get("MessageAttributes", {}))
    size, most = size_of(body, attributes), record.number("MaximumMessageSize")
    if size > most:
        raise InvalidTexts(f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.")
    group, deduplication, key = _ids(members, record, body)
    system = {"SenderId": sender.account} | _traced(trace)
    system |= _system(members.get("MessageSystemAttributes", {}))
    system |= {} if group is None else {"MessageGroupId": group}
    system |= {} if deduplication is None else {"MessageDeduplicationId": deduplication}
    return Draft(Content(body, attributes, system), size, md5_of(body), _delay(members, record), group, key)


def size_of(body: str, attributes: Mapping[str, Mapping[str, str]]) -> int:
    """In bytes, as limits count it."""
    size = _bytes(body)
    for name, attribute in attributes.items():
        binary = attribute.get("BinaryValue")
        value = len(binary) * 3 // 4 if binary is not None else _bytes(attribute.get("StringValue", ""))
        size += _bytes(name) + _bytes(attribute.get("DataType", "")) + value
    return size


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _delay(members: Members, record: QueueRecord) -> int | None:
    delay_s: int | None = members.get("DelaySeconds")
    if delay_s is None:
        return None
    if not 0 <= delay_s <= 900:
        raise InvalidValue(delay_s, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
    if record.is_fifo:
        if delay_s:
            raise InvalidValue(delay_s, "DelaySeconds", WRONG_QUEUE)
        return None
    return delay_s


def _ids(members: Members, record: QueueRecord, body: str) -> tuple[str | None, str | None, str | None]:
    """Group, deduplication id, and what nothing else may have that is sent in five minutes."""
    group, deduplication = members.get("MessageGroupId"), members.get("MessageDeduplicationId")
    for name, id in (("MessageGroupId", group), ("MessageDeduplicationId", deduplication)):
        if id is not None and not ID.fullmatch(id):
            reason = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
            raise InvalidValue(id[:1024], name, reason)
    if not record.is_fifo:
        if deduplication is not None:
            raise InvalidValue(deduplication, "MessageDeduplicationId", WRONG_QUEUE)
        return group, None, None
    if group is None:
        raise MissingMember("MessageGroupId")
    if deduplication is None:
        if record.settings["ContentBasedDeduplication"] != "true":
            raise InvalidTexts(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
                "explicitly"
            )
        deduplication = sha256(body.encode()).hexdigest()
    by_group = record.settings["DeduplicationScope"] == "messageGroup"
    return group, deduplication, f"{group} {deduplication}" if by_group else deduplication


def _attributes(given: Mapping[str, Mapping[str, Any]]) -> Attributes:
    if len(given) > MOST_ATTRIBUTES:
        raise InvalidTexts(f"Number of message attributes [{len(given)}] exceeds the allowed maximum [10].")
    return {name: _attribute(name, value) for name, value in given.items()}


def _attribute(name: str, given: Mapping[str, str]) -> Mapping[str, str]:
    if not _ATTRIBUTE.fullmatch(name):
        raise InvalidTexts(
            "Message (user) attribute name can contain upper and lower case score alphanumeric characters, hyphens, "
            "underscores and periods."
        )
    said = f"message attribute '{name}'"
    type = given.get("DataType", "")
    if not type:
        raise InvalidTexts(f"The {said} must contain non-empty message attribute type.")
    base = _TYPE.fullmatch(type)
    if base is None or len(type) > 256:
        raise InvalidTexts(
            f"The {said} has an invalid message attribute type, the set of supported type prefixes is Binary, "
            "Number, and String."
        )
    member = "BinaryValue" if base[1] == "Binary" else "StringValue"
    value = given.get(member, "")
    if not value:
        raise InvalidTexts(
            f"The {said} must contain non-empty message attribute value for message attribute type '{type}'."
        )
    _check_value(said, base[1], value)
    return {member: value, "DataType": type}


def _check_value(said: str, base: str, value: str) -> None:
    if base == "Binary":
        try:
            b64decode(value, validate=True)
        except (NotBase64, ValueError):
            raise InvalidTexts(f"The {said} is not base64.") from None
    elif not _ALLOWED.fullmatch(value):
        raise InvalidCharacters
    elif base == "Number" and not _NUMBER.fullmatch(value):
        raise InvalidTexts(f"Could not cast {said} value to number.")


def _system(given: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    for name, attribute in given.items():
        if name != TRACE:
            raise InvalidTexts(
                f"Message system attribute name '{name[:256]}' is invalid. The only one supported is {TRACE}."
            )
        _attribute("x", attribute)
        if attribute.get("DataType") != "String":
            raise InvalidTexts(f"The message system attribute '{TRACE}' must be of the type String.")
    return {name: attribute["StringValue"] for name, attribute in given.items()}


def _traced(trace: str | None) -> dict[str, str]:
    """A header that could be no attribute counts as none."""
    if trace and len(trace) <= MOST_TRACE_CHARACTERS and trace.isascii() and trace.isprintable():
        return {TRACE: trace}
    return {}


def _result(members: Members, draft: Draft, sent: SentMessage, record: QueueRecord) -> dict[str, str]:
    """What whoever sent it is told: sums of what he sent, so not of a trace that his request came with."""
    content = draft.content
    result = {"MessageId": sent.id, "MD5OfMessageBody": draft.md5}
    if content.attributes:
        result["MD5OfMessageAttributes"] = md5_of_attributes(content.attributes)
    if members.get("MessageSystemAttributes"):
        trace = {TRACE: {"DataType": "String", "StringValue": content.system[TRACE]}}
        result["MD5OfMessageSystemAttributes"] = md5_of_attributes(trace)
    if record.is_fifo:
        result["SequenceNumber"] = f"{sent.number:020d}"
    return result
