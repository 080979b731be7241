"""What holds for every batch: ten entries at most, each with an id of its own; one that fails leaves the others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lambda_emu.services.sqs.errors import BatchIsEmpty, BatchTooLong, IdsNotDistinct, InvalidEntryId, SqsError
from lambda_emu.services.sqs.request import QueueRequest
from lambda_emu.services.sqs.wire.members import Members

MOST_ENTRIES = 10
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")

Entry = Mapping[str, Any]


def check_entries(operation: str, members: Members) -> Sequence[Entry]:
    """The entries, if the batch as a whole is right. SqsError."""
    entries: Sequence[Entry] = members.get("Entries") or ()
    if not entries:
        raise BatchIsEmpty(f"{operation}RequestEntry")
    if len(entries) > MOST_ENTRIES:
        raise BatchTooLong(len(entries))
    seen: set[str] = set()
    for entry in entries:
        id = entry.get("Id", "")
        if not _ID.fullmatch(id):
            raise InvalidEntryId
        if id in seen:
            raise IdsNotDistinct(id)
        seen.add(id)
    return entries


def failed(id: str, error: SqsError) -> dict[str, Any]:
    """An entry that failed, as it is told."""
    return {"Id": id, "SenderFault": error.status < 500, "Code": error.query_code, "Message": error.text}


def tell(asked: QueueRequest, done: Sequence[Entry], wrong: Sequence[Entry]) -> None:
    """What became of a batch; a list that is empty is not there."""
    lists = {"Successful": done, "Failed": wrong}
    asked.answer({name: entries for name, entries in lists.items() if entries})
