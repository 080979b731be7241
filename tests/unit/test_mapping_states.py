"""Every state of a mapping, and what each request and time make of it. docs/contract/events.md#states-of-mappings."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lambda_emu.model.mappings.mapping import TRANSITION_S, EventSourceMapping, MappingState
from lambda_emu.model.mappings.refusals import MappingInUse
from lambda_emu.model.mappings.sources import SourceKind

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
ENTERED_S = 1000.0


def mapping(state: MappingState, enabled: bool) -> EventSourceMapping:
    return EventSourceMapping("u", SourceKind.SQS, ARN, state, enabled, ENTERED_S)


@pytest.mark.parametrize(
    ("state", "enabled", "arrives"),
    [
        (MappingState.CREATING, True, MappingState.ENABLED),
        (MappingState.ENABLING, True, MappingState.ENABLED),
        (MappingState.UPDATING, True, MappingState.ENABLED),
        (MappingState.UPDATING, False, MappingState.DISABLED),
        (MappingState.DISABLING, False, MappingState.DISABLED),
        (MappingState.ENABLED, True, MappingState.ENABLED),
        (MappingState.DISABLED, False, MappingState.DISABLED),
        (MappingState.DELETING, True, None),
        (MappingState.DELETING, False, None),
    ],
)
def test_a_state_lasts_a_moment_and_leads_to_another(
    state: MappingState, enabled: bool, arrives: MappingState | None
) -> None:
    """A clock that was set back holds nobody up; a writer that looked at it first does not come too early."""
    entered = mapping(state, enabled)

    during = [entered.at(ENTERED_S + TRANSITION_S / 2), entered.at(ENTERED_S - TRANSITION_S / 2)]
    later = [entered.at(ENTERED_S + TRANSITION_S), entered.at(ENTERED_S - 3600)]

    assert during == [entered, entered]
    assert [found and found.state for found in later] == [arrives, arrives]


@pytest.mark.parametrize(
    ("state", "enabled", "becomes"),
    [
        (MappingState.ENABLED, True, MappingState.UPDATING),
        (MappingState.ENABLED, False, MappingState.DISABLING),
        (MappingState.DISABLED, True, MappingState.ENABLING),
        (MappingState.DISABLED, False, MappingState.UPDATING),
    ],
)
def test_an_update_leads_from_rest_to_a_transition(state: MappingState, enabled: bool, becomes: MappingState) -> None:
    before = mapping(state, enabled=state is MappingState.ENABLED)

    assert before.update(enabled, 2000.0) == EventSourceMapping("u", SourceKind.SQS, ARN, becomes, enabled, 2000.0)
    assert before.delete(2000.0).state is MappingState.DELETING


@pytest.mark.parametrize("state", sorted(set(MappingState) - {MappingState.ENABLED, MappingState.DISABLED}))
@pytest.mark.parametrize(
    "request_", [lambda mapping: mapping.update(True, 2000.0), lambda mapping: mapping.delete(2000.0)]
)
def test_on_its_way_a_mapping_takes_no_request(
    state: MappingState, request_: Callable[[EventSourceMapping], object]
) -> None:
    with pytest.raises(MappingInUse):
        request_(mapping(state, enabled=True))
