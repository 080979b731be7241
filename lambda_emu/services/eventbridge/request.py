"""One request as an operation sees it; and lists that are answered in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from heapq import nsmallest
from typing import Any, TypeVar

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.services.eventbridge.buses import Buses
from lambda_emu.services.eventbridge.errors import EventsError, ParameterInvalid, TooMany
from lambda_emu.services.eventbridge.matching import check
from lambda_emu.services.eventbridge.records import Bus
from lambda_emu.services.json_wire import Told
from lambda_emu.services.pages import read_token, write_token
from lambda_emu.services.shapes import Members

T = TypeVar("T")

PAGE = 100
MOST_TAGS = 50


def as_it_is(item: Any) -> Any:
    return item


class EventsRequest(Struct, frozen=True):
    """members: as given, held against the model. scope: of the caller. told: once, with an error or what is answered.

    prepared: what was read of the members before, where reading takes long.
    """

    operation: str
    members: Members
    scope: Scope
    clock: Clock
    told: Told
    prepared: Any = None

    def bus(self, buses: Buses, name_or_arn: str | None) -> Bus:
        """The one that is named, if the caller may do this there. None: the default one. NoSuchBus, NotAllowed."""
        bus = buses.directory.find(self.scope, name_or_arn)
        check(self.scope, f"events:{self.operation}", bus)
        return bus

    def answer(self, result: Mapping[str, Any] | None = None) -> None:
        self.told(None, result)

    def page(self, member: str, items: Iterable[tuple[str, T]], show: Callable[[T], Any] = as_it_is) -> None:
        """Answer with those that come behind the last page.

        items: each with the name by which it is in order. show: what is answered of one.
        """
        token, most = self.members.get("NextToken"), self.members.get("Limit", PAGE)
        after = _place(token) if token else ""
        left = nsmallest(most + 1, (pair for pair in items if pair[0] > after), key=lambda pair: pair[0])
        result: dict[str, Any] = {member: [show(item) for _, item in left[:most]]}
        if len(left) > most:
            result["NextToken"] = write_token(left[most - 1][0])
        self.answer(result)


def _place(token: str) -> str:
    try:
        return read_token(token)[0]
    except ValueError:
        raise ParameterInvalid("NextToken", "it was not given here") from None  # (?)


def tags_of(given: Iterable[Mapping[str, str]], before: Mapping[str, str] | None = None) -> dict[str, str]:
    """TooMany, EventsError."""
    tags = {**(before or {}), **{tag["Key"]: tag["Value"] for tag in given}}
    if len(tags) > MOST_TAGS:
        raise TooMany
    if any(name.lower().startswith("aws:") for name in tags):
        raise EventsError("System tags cannot be added/updated by requester")
    return tags
