"""One stack being deployed: made, and then finished or undone, with the stacks that are nested in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from lambda_emu.model.stack_policy import Policy
from lambda_emu.model.stack_resource import StackResource
from lambda_emu.model.stacks import StackOutput
from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.resources import (
    Action,
    CannotChange,
    NeedsItself,
    Order,
    Present,
    Resource,
    ResourceChange,
    ResourceKey,
    difference,
)
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.deploying import nested
from lambda_emu.templates.deploying.changing import Done, make
from lambda_emu.templates.deploying.exports import Importing, wrong_exports
from lambda_emu.templates.deploying.happened import STACK, Telling, Told
from lambda_emu.templates.deploying.keeping import keeper
from lambda_emu.templates.deploying.outputs import outputs_of
from lambda_emu.templates.deploying.prepared import Prepared, PreparedWithin
from lambda_emu.templates.deploying.records import made_of, name_of, remember, resources_of
from lambda_emu.templates.deploying.removing import remove_nested, remove_replaced
from lambda_emu.templates.deploying.stack_records import Nested
from lambda_emu.templates.deploying.stopping import Stop
from lambda_emu.templates.deploying.undoing import undo
from lambda_emu.templates.deploying.working import Working
from lambda_emu.templates.kinds.kind import Kind, Made, ResourceRequest
from lambda_emu.templates.kinds.table import in_order, kind_of
from lambda_emu.templates.language.document import Template
from lambda_emu.templates.stack import Stack, is_kept, wanted
from lambda_emu.templates.stored_parameters import with_stored_parameters

log = logging.getLogger(__name__)

WITH_PARENT = "The stack that it is nested in is rolled back."
FAILED = "The following resource(s) failed to {}: [{}]. "


class Ways(Struct, frozen=True):
    """rolls_back: a refusal is undone; else what was made stays, and the next deployment goes on from there.

    built: the stack with its code built. stop: by which somebody else ends it. within: ids of all below the outermost.
    skips: what is left as it is, by logical id, of a stack within it after the name of that and a dot.
    policy: of the outermost; None: all may be done. retains: as Working.
    """

    rolls_back: bool = True
    built: Callable[[Stack], Stack] = lambda stack: stack
    stop: Stop = field(default_factory=Stop)
    skips: frozenset[str] = frozenset()
    policy: Policy | None = None
    retains: bool = True
    within: list[str] = []
    may: Callable[[Template], None] = lambda _: None
    """Refuses what whoever asked for the outermost has not said yes to, in stacks within it. CannotChange."""
    prepared: PreparedWithin = {}
    """As a change set has them."""


class Deployment:
    """told: each step. ProjectError where the name is another's."""

    def __init__(self, stack: Stack, reach: Reach, origin: str, told: Told, ways: Ways) -> None:
        self.changes: list[ResourceChange] = []
        self.outputs: list[StackOutput] = []
        self.children: dict[str, Deployment] = {}
        self._stack = with_stored_parameters(stack, reach, is_served=origin == "serve")
        self._reach = reach
        self._origin = origin
        self._told = told
        self._ways = ways
        self._telling = Telling(stack.name, stack.values["AWS::StackId"], told)
        self._records = _of_origin(stack.name, origin, reach)
        self._verb = "UPDATE" if self._records else "CREATE"
        self._done = Done()
        self._left: list[str] | None = None
        self._nested = Kind(kind_of(STACK).takes, self._create, self._remove, self._update, renews=True)
        self._working = self._prepare()

    def make(self) -> None:
        """ProjectError, once what was done is undone."""
        working, done = self._working, self._done
        make(self.changes, working, done)
        if self._ways.stop.is_asked():
            done.mistakes.append(f"{self._stack.name}: {self._ways.stop.reason}")
        if not done.mistakes:
            self.outputs = self._outputs()
        if done.mistakes:
            self._refuse()

    def finish(self) -> None:
        """What was replaced goes, and what is wanted no more; what cannot be removed keeps nothing from being done."""
        working, telling = self._working, self._telling
        if self._verb == "UPDATE":
            telling.of_stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        for child in self.children.values():
            child.finish()
        gone = [working.before[change.key.name] for change in self.changes if change.action is Action.REMOVE]
        gone = [one for one in gone if one.keeps or one.logical_id not in working.wanted]
        self._remember_policies()
        there = resources_of(self._stack.name, self._reach.context)
        remove_replaced(there.values(), working.reach, telling, beside=gone)
        telling.of_stack(f"{self._verb}_COMPLETE")

    def _remember_policies(self) -> None:
        """Whether it goes with the stack, of what is else as it was."""
        declared, working = self._stack.template.section("Resources"), self._working
        for name in (change.key.name for change in self.changes if change.action is Action.LEAVE):
            keeps = is_kept(declared[name])
            if keeps != working.before[name].keeps:
                remember(replace(working.before[name], keeps=keeps), self._reach.context)

    def undo(self, reason: str) -> list[str]:
        """As it was before; what cannot be undone, by logical id."""
        if self._left is not None:
            return self._left
        telling, verb = self._telling, self._verb
        status = "ROLLBACK" if verb == "CREATE" else "UPDATE_ROLLBACK"
        telling.of_stack(f"{status}_IN_PROGRESS", reason)

        def cleaning_up() -> None:
            if verb == "UPDATE":
                telling.of_stack("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")

        self._left = left = undo(self._done.steps, self._working, cleaning_up)
        if left:
            telling.of_stack(f"{status}_FAILED", FAILED.format("roll back", ", ".join(left)))
        else:
            telling.of_stack(f"{status}_COMPLETE")
        return left

    def _prepare(self) -> Working:
        """Compare what is wanted with what is there. ProjectError."""
        stack, reach, records = self._stack, self._reach, self._records
        kinds = {name: self._row(name) for name in _types(stack, records)}
        imported = Importing(stack.name, reach.context)
        resources = wanted(stack, keeper(reach.context), kinds, imported)
        before = {name: one for name, one in records.items() if _is_there(one, kinds[one.kind], reach)}
        self.changes = _changes(resources, before, kinds)
        made = {name: made_of(one) for name, one in before.items()}
        asked_for = {one.key.name: one for one in resources}
        undo_child = self._undo_child
        about = (stack, reach, self._origin, self._telling, asked_for, before, made, imported, self._row, undo_child)
        policy = None if stack.parents else self._ways.policy
        named = {path[-1]: one.name for path, one in self._ways.prepared.items() if path[:-1] == stack.path}
        return Working(*about, self._ways.stop, self._skips(), policy, self._ways.retains, named)

    def _skips(self) -> frozenset[str]:
        prefix = f"{self._stack.name}." if self._stack.parents else ""
        named = [one for one in self._ways.skips if one.startswith(prefix)]
        return frozenset(one for one in (name.removeprefix(prefix) for name in named) if "." not in one)

    def _row(self, type: str) -> Kind:
        return self._nested if type == STACK else kind_of(type)

    def _outputs(self) -> list[StackOutput]:
        """What cannot be told is left out; what must not be exported is a mistake."""
        resolver, stack = self._working.resolver(), self._stack
        outputs = [*outputs_of(resolver, stack, self._reach)]
        for line in resolver.mistakes:
            log.warning("%s", line)
        self._done.mistakes.extend(wrong_exports(stack.template, stack.name, outputs, self._reach.context))
        return outputs

    def _refuse(self) -> None:
        done, stop = self._done, self._ways.stop
        reason = FAILED.format(self._verb.lower(), ", ".join(done.failed))
        reason = reason if done.failed else " ".join(one.split(": ", 2)[-1] for one in done.mistakes)
        reason = stop.reason or reason
        stop.hear()
        if not self._ways.rolls_back and not stop.is_cancelled:
            self._telling.of_stack(f"{self._verb}_FAILED", reason)
            raise ProjectError(done.mistakes)
        if left := self.undo(reason):
            stays = f"what was done of the stack {self._stack.name} is undone, but of {', '.join(left)}"
            raise ProjectError([*done.mistakes, stays])
        raise ProjectError(done.mistakes)

    # -- stacks within it

    def _create(self, asked: ResourceRequest) -> Made:
        child = self._read(asked, None)
        asked.begin(Made(child.values["AWS::StackId"]))
        return self._deploy(child, asked)

    def _update(self, asked: ResourceRequest, made: Made) -> Made:
        return self._deploy(self._read(asked, made.identifier), asked)

    def _read(self, asked: ResourceRequest, id: str | None) -> Stack:
        """CannotChange."""
        prepared = self._prepared(asked.logical_id)
        id = id if prepared is None else id or prepared.id
        return nested.read_nested(self._stack, asked, id, self._reach.context, self._ways.may, prepared)

    def _prepared(self, logical_id: str) -> Prepared | None:
        return self._ways.prepared.get((*self._stack.path, logical_id))

    def _deploy(self, child: Stack, asked: ResourceRequest) -> Made:
        context, id, said = self._reach.context, child.values["AWS::StackId"], str(asked.get("TemplateURL"))
        nested.check_count(id, self._ways.within)
        prepared = self._prepared(asked.logical_id)
        change_set = None if prepared is None else prepared.change_set
        told = Nested(child, context, self._origin, self._told, change_set)
        try:
            one = Deployment(self._ways.built(child), self._reach, self._origin, told.told, self._ways)
            told.begin(one._verb)
            self.children[asked.logical_id] = one
            one.make()
        except ProjectError as error:
            done = f"{told.verb.lower()}d"
            reason = f"Embedded stack {id} was not successfully {done}: {told.reason or '; '.join(error.mistakes)}"
            raise nested.within(said, error.mistakes, reason) from error
        told.made(one.outputs)
        return Made(id, {f"Outputs.{output.key}": output.value for output in one.outputs})

    def _remove(self, made: Made, reach: Reach) -> None:
        remove_nested(name_of(made.identifier), reach, self._told)

    def _undo_child(self, logical_id: str) -> None:
        """CannotChange."""
        child = self.children.get(logical_id)
        if child is not None and (left := child.undo(WITH_PARENT)):
            raise CannotChange(FAILED.format("roll back", ", ".join(left)))


def _of_origin(name: str, origin: str, reach: Reach) -> dict[str, StackResource]:
    found = resources_of(name, reach.context)
    if any(one.origin != origin for one in found.values()):
        whose = "was made through the API" if origin == "serve" else "is one that this server was started with"
        raise ProjectError([f"there is a stack {name} already, which {whose}"])
    return found


def _types(stack: Stack, records: Mapping[str, StackResource]) -> list[str]:
    """Those of the template and of what is there, from what is needed to what needs it."""
    named = {resource["Type"] for resource in stack.template.section("Resources").values()}
    named |= {one.kind for one in records.values()}
    return in_order(named)


def _is_there(record: StackResource, kind: Kind, reach: Reach) -> bool:
    """Whether nobody removed it since it was made."""
    return kind.exists is None or kind.exists(made_of(record), reach)


def _changes(
    resources: Sequence[Resource], before: Mapping[str, StackResource], kinds: Mapping[str, Kind]
) -> list[ResourceChange]:
    """In the order in which they are made. ProjectError.

    What refers to one that changes is looked at anew, as the other may have another attribute by then.
    """
    present = [
        Present(ResourceKey(one.kind, name), _shown(one), one.identifier, one.origin) for name, one in before.items()
    ]
    try:
        return difference(resources, present, Order(tuple(kinds), renewed=tuple(kinds)))
    except NeedsItself as error:
        places = {resource.key: resource.place for resource in resources}
        raise ProjectError([f"{places[error.circle[0]]}: {error}"]) from error


def _shown(one: StackResource) -> Mapping[str, Any]:
    """Of a stack nothing, so that it is always looked at: its template and its code may say something else by now."""
    return {} if one.kind == STACK else one.shown
