"""One request as an operation sees it: who asks, what it names, how answers are cut into pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.logs.groups import EventPosition
from lambda_emu.services.logs.errors import InvalidParameter
from lambda_emu.services.pages import read_token, write_token
from lambda_emu.services.shapes import Members

Result = Mapping[str, Any]
T = TypeVar("T")

GROUP_ARN = re.compile(r"arn:aws[a-z-]*:logs:([a-z0-9-]+):(\d{12}):log-group:([.\-_/#A-Za-z0-9]+)(:\*)?", re.ASCII)
TOKEN_INVALID = "The specified nextToken is invalid."
_PLACE = re.compile(r"3(\d{14})(\d{23})(\d{18})", re.ASCII)


class LogsRequest(Struct, frozen=True):
    """members: as given, each of its type. now_ms: since the epoch. trace: the tracing header of the request."""

    members: Members
    scope: Scope
    now_ms: int
    trace: str | None = None

    def group(self) -> tuple[Scope, str]:
        """The one that logGroupName or logGroupIdentifier names. InvalidParameter."""
        name, identifier = self.members.get("logGroupName"), self.members.get("logGroupIdentifier")
        if (name is None) == (identifier is None):
            raise InvalidParameter("Exactly one of logGroupName and logGroupIdentifier must be specified.")  # (?)
        return self.identified(str(name or identifier))

    def identified(self, identifier: str) -> tuple[Scope, str]:
        """By its name or ARN. InvalidParameter."""
        found = GROUP_ARN.fullmatch(identifier)
        if found is not None:
            return Scope(found[2], found[1]), found[3]
        if ":" in identifier:
            raise InvalidParameter(f"The specified log group identifier is invalid: {identifier[:256]}")  # (?)
        return self.scope, identifier


def page_of(
    items: Sequence[T], name_of: Callable[[T], str], asked: LogsRequest, most: int, *, descending: bool = False
) -> tuple[Sequence[T], Mapping[str, str]]:
    """Items behind the token, in the order of their names, and the token of the next page, if there is one.

    most: where the request says no limit. InvalidParameter.
    """
    left, token = sorted(items, key=name_of, reverse=descending), asked.members.get("nextToken")
    if token is not None:
        after = _name_in(token)
        left = [item for item in left if (name_of(item) < after if descending else name_of(item) > after)]
    page = left[: asked.members.get("limit") or most]
    more = {"nextToken": write_token(name_of(page[-1]))} if len(left) > len(page) else {}
    return page, more


def position_in(id: str) -> EventPosition | None:
    """What `StoredEvent.id` says."""
    found = _PLACE.fullmatch(id)
    return None if found is None else EventPosition(int(found[1]), int(found[2]), int(found[3]))


def _name_in(token: str) -> str:
    try:
        return read_token(token)[0]
    except ValueError:
        raise InvalidParameter(TOKEN_INVALID) from None
