"""What a function says about its batch. docs/contract/events.md#reports-of-failures."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

FAILURES, IDENTIFIER, STATE = "batchItemFailures", "itemIdentifier", "state"


class BadReport(Exception):
    """The report is none: the whole batch failed. The text says why."""


def read_report(payload: bytes, sent: Collection[Any]) -> frozenset[Any]:
    """The ids of records that failed, by what a function returned that may report them; none: all is well.

    sent: the ids of the batch; those that are objects by `frozen`. BadReport.
    """
    try:
        report = json.loads(payload or b"null")
    except (ValueError, RecursionError):
        raise BadReport("it is no JSON") from None
    if report in (None, {}, []):
        return frozenset()
    if not isinstance(report, dict) or FAILURES not in report:
        raise BadReport(f"it has no {FAILURES}")
    failures = report[FAILURES]
    if failures is None:
        return frozenset()
    if not isinstance(failures, list):
        raise BadReport(f"{FAILURES} is no list")
    return frozenset(_identifier(each, sent) for each in failures)


def check_state(payload: bytes) -> None:
    """Of a window that goes on the function has to answer the state. BadReport."""
    try:
        answer = json.loads(payload or b"null")
    except (ValueError, RecursionError):
        raise BadReport("it is no JSON") from None
    if not isinstance(answer, dict) or STATE not in answer:
        raise BadReport(f"it has no {STATE}")


def frozen(id: Any) -> Any:
    """An id that can be looked for: an object's members, in any order."""
    return frozenset(id.items()) if isinstance(id, dict) else id


def _identifier(failure: Any, sent: Collection[Any]) -> Any:
    if not isinstance(failure, dict) or not failure.get(IDENTIFIER):
        raise BadReport(f"a failure has no {IDENTIFIER}")
    try:
        found = frozen(failure[IDENTIFIER])
        if found in sent:
            return found
    except TypeError:
        pass  # an object or list that is nobody's
    raise BadReport(f"no record of the batch is {failure[IDENTIFIER]!r}")
