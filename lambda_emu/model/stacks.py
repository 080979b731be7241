"""A stack as CloudFormation knows it, what happened to it, and the changes that somebody has had looked up for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

SERVED, BY_API = "serve", "api"
"""Who made a stack: a template that the server was started with, or who asked CloudFormation's API."""
DELETED = "DELETE_COMPLETE"
REVIEWED = "REVIEW_IN_PROGRESS"
"""Of a stack that has only a change set."""
FAILED = frozenset({"CREATE_FAILED", "UPDATE_FAILED"})
"""Of a stack that failed, and was left as it is."""
AVAILABLE, EXECUTED, OBSOLETE = "AVAILABLE", "EXECUTE_COMPLETE", "OBSOLETE"
"""Whether a change set can be executed, was, or can no more since the stack is another by now."""


HIDDEN = "****"


class StackOutput(Struct, frozen=True):
    """export: the name by which other stacks import its value."""

    key: str
    value: str
    description: str | None = None
    export: str | None = None


class StackParameter(Struct, frozen=True):
    """hidden: NoEcho, so nobody is shown its value. resolved: what Systems Manager had under the name that is its
    value, when the stack was made or changed last.
    """

    key: str
    value: str
    hidden: bool = False
    resolved: str | None = None

    @property
    def shown(self) -> str:
        return HIDDEN if self.hidden else self.value

    @property
    def told(self) -> Mapping[str, str | None]:
        """As CloudFormation tells of it."""
        resolved = HIDDEN if self.hidden and self.resolved is not None else self.resolved
        return {"ParameterKey": self.key, "ParameterValue": self.shown, "ResolvedValue": resolved}


class Drift(Struct, frozen=True):
    """How a resource differs from what its template says. expected, actual: properties as JSON; None: not looked at.

    status: IN_SYNC, MODIFIED, DELETED or NOT_CHECKED. differences: as they are told.
    """

    logical_id: str
    identifier: str
    kind: str
    status: str
    at_s: float
    expected: str | None = None
    actual: str | None = None
    differences: Sequence[Mapping[str, str]] = ()


class DriftCheck(Struct, frozen=True):
    """One look at what there is of a stack."""

    id: str
    at_s: float
    found: tuple[Drift, ...]

    @property
    def drifted(self) -> int:
        """How many resources are other than the template says."""
        return sum(one.status in ("MODIFIED", "DELETED") for one in self.found)

    @property
    def status(self) -> str:
        return "DRIFTED" if self.drifted else "IN_SYNC"

    def of(self, logical_id: str) -> Drift | None:
        return next((one for one in self.found if one.logical_id == logical_id), None)


class DriftDetection(Struct, frozen=True):
    """What came of one look at a whole stack, by the id that whoever asked for it was told."""

    id: str
    at_s: float
    status: str
    drifted: int


class StackRecord(Struct, frozen=True):
    """id: its ARN. template: as it was given; body: as it was made, as JSON, with SAM's types expanded.

    reason: of its status. parent, root: ids of the stacks that it is nested in. origin: SERVED or BY_API.
    change_set: the id of the one by which it was made or changed last. token: of the request that did.
    """

    name: str
    id: str
    status: str
    created_s: float
    template: str = ""
    body: str = ""
    reason: str | None = None
    description: str | None = None
    parameters: tuple[StackParameter, ...] = ()
    outputs: tuple[StackOutput, ...] = ()
    tags: Mapping[str, str] = {}
    capabilities: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    role: str | None = None
    updated_s: float | None = None
    deleted_s: float | None = None
    origin: str = SERVED
    parent: str | None = None
    root: str | None = None
    change_set: str | None = None
    token: str | None = None
    timeout_minutes: int | None = None
    is_protected: bool = False
    keeps_failed: bool = False
    """Whether what failed is left as it is (DisableRollback)."""
    policy: str | None = None
    drift: DriftCheck | None = None
    """Until it is changed."""
    detections: tuple[DriftDetection, ...] = ()
    """The last ones, the newest last."""
    before: StackRecord | None = None
    """As it was when all of it was last as its template says; None while it is so, or never was."""

    @property
    def stable(self) -> StackRecord | None:
        """As it is to be again where a change fails."""
        return replace(self, before=None, drift=None) if self.status.endswith("_COMPLETE") else self.before

    @property
    def key(self) -> str:
        """Of its record: one that is deleted gives its name back."""
        return self.id if self.status == DELETED else self.name

    @property
    def is_busy(self) -> bool:
        """Whether it is being made, changed or deleted."""
        return self.status.endswith("_IN_PROGRESS") and self.status != REVIEWED


class StackEvent(Struct, frozen=True):
    """logical_id: the stack's name where the event is its own. number: counts a stack's events."""

    stack: str
    stack_id: str
    number: int
    id: str
    at_s: float
    logical_id: str
    identifier: str
    kind: str
    status: str
    reason: str | None = None
    properties: str | None = None
    token: str | None = None

    @property
    def key(self) -> str:
        return f"{self.stack_id} {self.number:08d}"


class ChangeSet(Struct, frozen=True):
    """What would become of a stack. wanted: the stack as it would be recorded. changes: as they are told."""

    id: str
    name: str
    kind: str
    status: str
    execution: str
    created_s: float
    wanted: StackRecord
    changes: Sequence[Mapping[str, Any]] = ()
    reason: str | None = None
    description: str | None = None
    token: str | None = None
    failure: str | None = None
    """What becomes of what fails: DO_NOTHING, ROLLBACK or DELETE."""
    looks_within: bool = False
    """Whether the stacks within its stack have some too."""
    parent: str | None = None
    root: str | None = None
    """The ids of those that it is within."""
    path: tuple[str, ...] = ()
    """The logical ids that lead to its stack from the root's."""

    @property
    def key(self) -> str:
        return self.id


def exports(stacks: Iterable[StackRecord]) -> dict[str, tuple[str, StackRecord]]:
    """What stacks export: each value with its stack, by the export's name."""
    return {
        output.export: (output.value, stack)
        for stack in stacks
        if stack.status != DELETED
        for output in stack.outputs
        if output.export is not None
    }
