"""An event source mapping: what is polled for a function, and how. docs/contract/events.md#states-of-mappings.

A mapping asked to change answers with a state of transition, and has arrived a moment later, or when what was taken
for it is settled. Nobody moves it there: whoever reads it asks where it stands `at` that time. So a restart leaves none
behind on its way.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from lambda_emu.model.mappings.refusals import MappingInUse
from lambda_emu.model.mappings.sources import SourceKind

TRANSITION_S = 0.5


class MappingState(StrEnum):
    """Where a mapping stands, or where it is going."""

    CREATING = "Creating"
    ENABLING = "Enabling"
    ENABLED = "Enabled"
    UPDATING = "Updating"
    DISABLING = "Disabling"
    DISABLED = "Disabled"
    DELETING = "Deleting"


class MappingChange(Enum):
    """What happens to a mapping: what is asked of it, and that its moment on the way is over."""

    ENABLE = auto()  # an update, after which it is to poll
    DISABLE = auto()  # an update, after which it is not
    DELETE = auto()
    STARTED = auto()  # it polls now
    STOPPED = auto()  # it does not


MOVES: Mapping[MappingState, Mapping[MappingChange, MappingState]] = {
    MappingState.CREATING: {MappingChange.STARTED: MappingState.ENABLED},
    MappingState.ENABLING: {MappingChange.STARTED: MappingState.ENABLED},
    MappingState.ENABLED: {
        MappingChange.ENABLE: MappingState.UPDATING,
        MappingChange.DISABLE: MappingState.DISABLING,
        MappingChange.DELETE: MappingState.DELETING,
    },
    MappingState.UPDATING: {MappingChange.STARTED: MappingState.ENABLED, MappingChange.STOPPED: MappingState.DISABLED},
    MappingState.DISABLING: {MappingChange.STOPPED: MappingState.DISABLED},
    MappingState.DISABLED: {
        MappingChange.ENABLE: MappingState.ENABLING,
        MappingChange.DISABLE: MappingState.UPDATING,
        MappingChange.DELETE: MappingState.DELETING,
    },
    MappingState.DELETING: {},
}


class EventSourceMapping(Struct, frozen=True):
    """function_arn: with the qualifier it was made with. source_arn: None for self-managed Kafka.

    enabled: whether it polls once it has arrived. last_modified_s: epoch seconds, when it entered its state.
    settings: the members of the wire that were set or have a default for this kind of source, by their names there.
    """

    uuid: str
    kind: SourceKind
    function_arn: str
    state: MappingState
    enabled: bool
    last_modified_s: float
    source_arn: str | None = None
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    last_result: str | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def arn(self) -> str:
        return f"{self.function_arn.partition(':function:')[0]}:event-source-mapping:{self.uuid}"

    @property
    def unqualified(self) -> str:
        """The function's ARN as two mappings of the same code share it: $LATEST need not be named."""
        return self.function_arn.removesuffix(":$LATEST")

    def at(self, now_s: float, *, is_ending: bool = False) -> EventSourceMapping | None:
        """The mapping as it stands at that time; None: its deletion is over.

        is_ending: whether it polls no more, but something that was taken for it is not settled.
        now_s may lie a little before last_modified_s, when another writer was faster, or far before it, when the
        machine's clock was set back.
        """
        arrived = MappingChange.STARTED if self.enabled else MappingChange.STOPPED
        if is_ending or abs(now_s - self.last_modified_s) < TRANSITION_S:
            return self
        if self.state is MappingState.DELETING:
            return None
        return replace(self, state=MOVES[self.state].get(arrived, self.state))

    def update(self, enabled: bool, now_s: float) -> EventSourceMapping:
        """On its way to being enabled or not. MappingInUse if it is on its way already."""
        state = self._after(MappingChange.ENABLE if enabled else MappingChange.DISABLE, "update")
        return replace(self, state=state, enabled=enabled, last_modified_s=now_s)

    def delete(self, now_s: float) -> EventSourceMapping:
        """As `update`."""
        return replace(self, state=self._after(MappingChange.DELETE, "delete"), last_modified_s=now_s)

    def _after(self, change: MappingChange, verb: str) -> MappingState:
        try:
            return MOVES[self.state][change]
        except KeyError:
            raise MappingInUse(verb) from None
