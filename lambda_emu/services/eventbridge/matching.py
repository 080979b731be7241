"""Which targets an event has, on its bus and on those that rules of the bus send it to. No I/O."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.model.policies.decision import allows
from lambda_emu.model.policies.policy import Policy
from lambda_emu.services.eventbridge.delivery import Handover
from lambda_emu.services.eventbridge.errors import NotAllowed
from lambda_emu.services.eventbridge.event import Envelope
from lambda_emu.services.eventbridge.inputs import Occasion
from lambda_emu.services.eventbridge.records import Archive, Bus, Rule

log = logging.getLogger(__name__)

MOST_BUSES_IN_A_ROW = 16
"""That one event goes through; AWS lets a cycle of rules go on."""
MOST_BUSES = 256
"""That one event comes to, on all of its ways."""
BUS_ARN = re.compile(r"arn:aws[\w-]*:events:([a-z0-9-]+):([0-9]{12}):event-bus/([/.\-_A-Za-z0-9]+)", re.ASCII)


class Rules(Protocol):
    """The buses that there are."""

    def bus(self, scope: Scope, name: str) -> Bus | None: ...
    def wanting(self, bus: Bus, event: Any) -> list[Rule]: ...
    def keeping(self, bus: Bus, event: Any) -> list[Archive]: ...


class Arrival(Struct, frozen=True):
    """An event that came to a bus. read: the same, as patterns are asked about it.

    only: the rules of that bus that may have it, by their ARNs; none: all.
    """

    event: Envelope
    read: Any
    bus: Bus
    came_s: float
    only: Collection[str] = ()


class Wanted(Struct, frozen=True):
    """What is to become of events: what targets have, and what archives keep."""

    handovers: list[Handover] = field(default_factory=list)
    kept: list[tuple[Archive, Envelope]] = field(default_factory=list)


def may(account: str, action: str, bus: Bus) -> bool:
    """Its own account, and those that its policy allows to. action: `events:PutEvents`."""
    if account == bus.scope.account:
        return True
    return bus.policy is not None and allows(Policy("", bus.policy), account, action, bus.arn)


def check(caller: Scope, action: str, bus: Bus) -> None:
    """NotAllowed."""
    if not may(caller.account, action, bus):
        raise NotAllowed(f"arn:{caller.partition}:iam::{caller.account}:root", action, bus.arn)


def find_wanted(arrival: Arrival, rules: Rules, new_id: Callable[[], str], wanted: Wanted) -> bool:
    """Of all rules and archives that want it; whether a rule does. A cycle of them ends after some rounds, and is told.

    What is replayed no archive keeps again.
    """
    found, waiting, is_wanted = wanted.handovers, [(arrival.bus, 1)], False
    came_to, ends = 0, list[tuple[Rule, Bus]]()
    while waiting:
        bus, row = waiting.pop(0)
        came_to += 1
        if arrival.event.replay is None:
            wanted.kept.extend((archive, arrival.event) for archive in rules.keeping(bus, arrival.read))
        for rule in rules.wanting(bus, arrival.read):
            is_wanted = True
            if came_to == 1 and arrival.only and rule.arn not in arrival.only:
                continue
            for handover in of_rule(rule, arrival.event, arrival.came_s, new_id):
                named = BUS_ARN.fullmatch(handover.target["Arn"])
                if named is None:
                    found.append(handover)
                    continue
                other = rules.bus(Scope(named[2], named[1]), named[3])
                if other is None or not may(bus.scope.account, "events:PutEvents", other):
                    found.append(_dead(handover, is_there=other is not None))
                elif row >= MOST_BUSES_IN_A_ROW or came_to + len(waiting) >= MOST_BUSES:
                    ends.append((rule, other))
                else:
                    waiting.append((other, row + 1))
    if ends:
        _tell(arrival.event, ends)
    return is_wanted


def _tell(event: Envelope, ends: Sequence[tuple[Rule, Bus]]) -> None:
    """Once for an event, which may go in hundreds of circles."""
    rule, bus = ends[0]
    log.warning(
        "event %s of %s goes in a circle: rule %s sends it to %s again, which is not done any more, nor are %d others",
        event.id,
        event.source,
        rule.arn,
        bus.arn,
        len(ends) - 1,
    )


def of_rule(rule: Rule, event: Envelope, came_s: float, new_id: Callable[[], str]) -> Iterator[Handover]:
    """For each target of a rule that wants the event, or that a schedule has fire."""
    occasion = Occasion(rule.arn, rule.name, event, came_s)
    for target in rule.targets.values():
        yield Handover(new_id(), target, occasion)


def _dead(handover: Handover, *, is_there: bool) -> Handover:
    why = "does not allow this account to put events" if is_there else "does not exist"
    code = "AccessDeniedException" if is_there else "ResourceNotFoundException"
    return replace(handover, problem=f"Event bus {handover.target['Arn']} {why}.", code=code)
