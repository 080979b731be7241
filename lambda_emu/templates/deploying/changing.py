"""Makes and changes what a stack wants, and keeps for whom it may concern what was done, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from lambda_emu.model.stack_policy import DELETE, MODIFY, REPLACE
from lambda_emu.project.resources import Action, CannotChange, ResourceChange, ResourceKey
from lambda_emu.templates.deploying import records
from lambda_emu.templates.deploying.happened import STACK
from lambda_emu.templates.deploying.nested import RefusedWithin
from lambda_emu.templates.deploying.stopping import Stopped
from lambda_emu.templates.deploying.working import REFUSED, Working, create, remove, update
from lambda_emu.templates.kinds.kind import Kind, Made, NeedsAnother, ResourceRequest

INITIATED = "Resource creation Initiated"
ANOTHER = "Requested update requires the creation of a new physical resource; hence creating one."
CANCELLED = {"CREATE": "Resource creation cancelled", "UPDATE": "Resource update cancelled"}
CUSTOM_NAME = (
    "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
    "Rename {} and update the stack again."
)
"""CloudFormation's own reasons."""


class DeniedByPolicy(CannotChange):
    """Of the stack; nothing was done."""


class How(Enum):
    """What was done.

    CREATED: where there was none. CHANGED: in place. REPLACED: beside the old one, which is to go. RENEWED: beside the
    old one, which its kind keeps. REMADE: after the old one was removed.
    """

    CREATED = auto()
    CHANGED = auto()
    REPLACED = auto()
    RENEWED = auto()
    REMADE = auto()


class Step(Struct, frozen=True):
    """made: None where nothing came of it."""

    key: ResourceKey
    how: How
    made: Made | None


class Done(Struct, frozen=True):
    """mistakes: each with its place. failed: logical ids of what was refused, not of what needs it."""

    steps: list[Step] = []
    mistakes: list[str] = []
    failed: list[str] = []


def make(changes: Sequence[ResourceChange], working: Working, done: Done) -> None:
    """One after the other. What needs one that failed is left out, and the first of them told.

    Nothing more is begun once somebody stops it.
    """
    left_out: set[ResourceKey] = set()
    for change in changes:
        if working.stop.is_asked():
            return
        if change.action is Action.REMOVE and not _may_remove(change.key, working, done):
            continue
        if change.desired is None or change.action is Action.LEAVE:
            continue
        if change.desired.needs & left_out:
            left_out.add(change.key)
            continue
        verb = "CREATE" if change.present is None else "UPDATE"
        try:
            _make_one(change.key, verb, working, done.steps)
        except REFUSED as error:
            left_out.add(change.key)
            done.failed.append(change.key.name)
            reason = CANCELLED[verb] if isinstance(error, Stopped) else str(error)
            inside = error.mistakes if isinstance(error, RefusedWithin) else [reason]
            done.mistakes.extend(f"{change.desired.place}: {one}" for one in inside)
            there = working.made.get(change.key.name)
            physical_id = "" if there is None else there.identifier
            working.telling.of(*_named(change.key), f"{verb}_FAILED", physical_id, reason=reason)


def _may_remove(key: ResourceKey, working: Working, done: Done) -> bool:
    """Whether what the template leaves out may go once all else is done."""
    why_not = working.denial(DELETE, key.name, key.kind)
    if why_not is not None:
        done.failed.append(key.name)
        done.mistakes.append(f"{working.stack.name}: {key.name}: {why_not}")
        working.telling.of(*_named(key), "UPDATE_FAILED", working.made[key.name].identifier, reason=why_not)
    return why_not is None


def _make_one(key: ResourceKey, verb: str, working: Working, steps: list[Step]) -> None:
    """A step is noted before it can fail half way, so that it is undone as well."""
    kind, telling = working.row(key.kind), working.telling
    if verb == "CREATE" and key.name not in working.skips:
        telling.of(*_named(key), "CREATE_IN_PROGRESS")
    if key.name in working.skips:
        _skip(key, working)
        return
    asked = working.asked(key)
    if verb == "UPDATE" and _is_as_before(key, asked, working, steps):
        working.remember(asked, working.made[key.name])
        return
    if verb == "CREATE":
        made = _create(key, How.CREATED, kind, asked, working, steps)
        telling.of(*_named(key), "CREATE_IN_PROGRESS", made.identifier, reason=INITIATED)
    else:
        made = _change(key, kind, asked, working, steps)
    telling.of(*_named(key), f"{verb}_COMPLETE", made.identifier, properties=working.shown(key, asked))


def _skip(key: ResourceKey, working: Working) -> None:
    """It counts as what is wanted, whatever it is."""
    there = working.made.get(key.name)
    if there is not None:
        working.remember(working.asked(key), there)
    working.telling.of(*_named(key), "UPDATE_COMPLETE", "" if there is None else there.identifier)


def _is_as_before(key: ResourceKey, asked: ResourceRequest, working: Working, steps: Sequence[Step]) -> bool:
    """What it refers to was looked at anew, and says the same; what was made anew has lost what hung on it.

    Of a stack, what is within it may say something else.
    """
    before = working.before[key.name]
    if working.wanted[key.name].needs & {step.key for step in steps if step.how is How.REMADE}:
        return False
    is_whole = bool(before.shown) and before.kind == key.kind and key.kind != STACK
    return is_whole and bool(before.properties) and before.properties == to_builtins(asked.properties)


def _named(key: ResourceKey) -> tuple[str, str]:
    return key.name, key.kind


def _create(
    key: ResourceKey, how: How, kind: Kind, asked: ResourceRequest, working: Working, steps: list[Step]
) -> Made:
    replaces = how is How.REPLACED

    def noted(made: Made) -> None:
        working.remember(asked, made, whole=False, replaces=replaces)

    try:
        made = create(kind, replace(asked, noted=noted))
    except REFUSED:
        if asked.begun:
            steps.append(Step(key, how, asked.begun[-1]))
        elif how is How.REMADE:
            steps.append(Step(key, how, None))
        raise
    steps.append(Step(key, how, made))
    working.remember(asked, made, replaces=replaces)
    return made


def _change(key: ResourceKey, kind: Kind, asked: ResourceRequest, working: Working, steps: list[Step]) -> Made:
    before = working.made[key.name]
    working.telling.of(*_named(key), "UPDATE_IN_PROGRESS", before.identifier, properties=working.shown(key, asked))
    was = working.before[key.name]
    records.remember(records.half_made(was), working.context)  # first, as the server may end meanwhile
    try:
        kind.check_fixed(asked)
        _check_policy(key, MODIFY if kind.update is not None else REPLACE, working)
        made = None if kind.update is None else update(kind, asked, before)
    except NeedsAnother as error:
        records.remember(was, working.context)
        if error.named is not None and working.origin == "api":
            raise CannotChange(CUSTOM_NAME.format(error.named)) from None
        _check_policy(key, REPLACE, working)
        working.telling.of(*_named(key), "UPDATE_IN_PROGRESS", before.identifier, reason=ANOTHER)
        more = _remake if error.named is not None else _another
        return more(key, kind, asked, working, steps)
    except DeniedByPolicy:
        records.remember(was, working.context)
        raise
    except REFUSED:
        there = asked.begun[-1] if asked.begun else before
        if there.identifier != before.identifier:
            working.remember(asked, there, whole=False, replaces=kind.beside)
        steps.append(Step(key, How.CHANGED, there))
        raise
    if made is None:
        more = _another if kind.beside else _remake
        return more(key, kind, asked, working, steps)
    renewed = How.REPLACED if kind.beside else How.RENEWED if kind.renews else How.REMADE
    how = How.CHANGED if made.identifier == before.identifier else renewed
    steps.append(Step(key, how, made))
    working.remember(asked, made, replaces=how is How.REPLACED)
    return made


def _check_policy(key: ResourceKey, action: str, working: Working) -> None:
    """DeniedByPolicy."""
    if why_not := working.denial(action, key.name, key.kind):
        raise DeniedByPolicy(why_not)


def _another(key: ResourceKey, kind: Kind, _: ResourceRequest, working: Working, steps: list[Step]) -> Made:
    """Beside the old one, which goes when all else is done."""
    asked = working.asked(key, instead_of=working.before[key.name])
    return _create(key, How.REPLACED, kind, asked, working, steps)


def _remake(key: ResourceKey, kind: Kind, asked: ResourceRequest, working: Working, steps: list[Step]) -> Made:
    remove(kind, working.made[key.name], working.reach)
    return _create(key, How.REMADE, kind, asked, working, steps)
