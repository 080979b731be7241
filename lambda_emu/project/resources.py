"""What a project wants there to be, what there is, and the changes between them. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

Members = Mapping[str, Any]


class ResourceKey(NamedTuple):
    """Names one resource. kind: one of kinds.KINDS."""

    kind: str
    name: str


class Reference(Struct, frozen=True):
    """Stands in members for the identifier of another resource, which may not be there yet."""

    key: ResourceKey


class Resource(Struct, frozen=True):
    """One that is wanted.

    members: of the operation that makes it. shown: what it would be known by, as `Present` has it. Both may hold
    References. place: where it is declared, `lambda-emu.yaml:3: functions.hello`.
    """

    key: ResourceKey
    members: Members
    shown: Members
    place: str

    @property
    def needs(self) -> frozenset[ResourceKey]:
        return frozenset(_find_references(self.members)) | frozenset(_find_references(self.shown))


class Present(Struct, frozen=True):
    """One that is there. identifier: what a Reference to it means, mostly an ARN. origin: who made it."""

    key: ResourceKey
    shown: Members
    identifier: str
    origin: str


class Action(Enum):
    CREATE = auto()
    UPDATE = auto()
    LEAVE = auto()
    REMOVE = auto()


class ResourceChange(Struct, frozen=True):
    """desired: None where it is to be removed. present: None where it is to be created."""

    action: Action
    key: ResourceKey
    desired: Resource | None
    present: Present | None


class Order(Struct, frozen=True):
    """What the order of changes depends on.

    kinds: from what is needed to what needs it. renewed: kinds of which an update has another identifier. shares: kinds
    that take of what there is only so much of; what changes or goes is given back before anything is made.
    another: whether a change makes another one, with another identifier; it is told the names of those that have others
    by then.
    """

    kinds: Sequence[str]
    renewed: Collection[str] = ()
    shares: Collection[str] = ()
    another: Callable[[Resource, Present, Collection[str]], bool] = lambda *_: False


class CannotChange(Exception):
    """A service refuses what a project declares, or cannot be asked; the text says why."""


class NeedsItself(ValueError):
    """Resources that need one another in a circle."""

    def __init__(self, circle: Sequence[ResourceKey]) -> None:
        super().__init__(f"needs itself: {' needs '.join(key.name for key in reversed(circle))}")
        self.circle = circle


def difference(desired: Iterable[Resource], present: Iterable[Present], order: Order) -> list[ResourceChange]:
    """The changes that make what is there what is wanted, in the order in which they can be made; NeedsItself.

    What is needed comes before what needs it, and is removed after it. A resource changes with those that it refers to,
    where their identifier does.
    """
    wanted = {resource.key: resource for resource in desired}
    there = {one.key: one for one in present}
    changes = [*_changes(_sort(wanted), there, order)]
    gone = sorted(there.keys() - wanted.keys(), key=lambda key: (order.kinds.index(key.kind), key), reverse=True)
    updated = [change.key for change in changes if change.action is Action.UPDATE]
    given_back = [key for key in (*updated, *gone) if key.kind in order.shares]
    return [
        *(ResourceChange(Action.REMOVE, key, None, there[key]) for key in given_back),
        *(
            replace(change, action=Action.CREATE, present=None) if change.key in given_back else change
            for change in changes
        ),
        *(ResourceChange(Action.REMOVE, key, None, there[key]) for key in gone if key not in given_back),
    ]


def resolve(value: Any, identifiers: Mapping[ResourceKey, str]) -> Any:
    """The value with identifiers in place of References; KeyError for one that is not known."""
    if isinstance(value, Reference):
        return identifiers[value.key]
    if isinstance(value, Mapping):
        return {name: resolve(part, identifiers) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(part, identifiers) for part in value]
    return value


def _sort(wanted: Mapping[ResourceKey, Resource]) -> Iterator[Resource]:
    try:
        keys = [*TopologicalSorter({key: resource.needs for key, resource in wanted.items()}).static_order()]
    except CycleError as error:
        raise NeedsItself(error.args[1]) from None
    return (wanted[key] for key in keys)


def _changes(
    resources: Iterable[Resource], there: Mapping[ResourceKey, Present], order: Order
) -> Iterator[ResourceChange]:
    """What becomes of each of the resources, which come after those that they need."""
    identifiers = {key: one.identifier for key, one in there.items()}
    for resource in resources:
        present = there.get(resource.key)
        if present is None:
            yield ResourceChange(Action.CREATE, resource.key, resource, None)
        elif _is_same(resource, present, identifiers):
            yield ResourceChange(Action.LEAVE, resource.key, resource, present)
        else:
            yield ResourceChange(Action.UPDATE, resource.key, resource, present)
            others = {key.name for key in there if key not in identifiers}
            if resource.key.kind in order.renewed or order.another(resource, present, others):
                del identifiers[resource.key]


def _is_same(resource: Resource, present: Present, identifiers: Mapping[ResourceKey, str]) -> bool:
    try:
        return bool(resolve(resource.shown, identifiers) == present.shown)
    except KeyError:  # it is to refer to what is made only now
        return False


def _find_references(value: Any) -> Iterator[ResourceKey]:
    if isinstance(value, Reference):
        yield value.key
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _find_references(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _find_references(part)
