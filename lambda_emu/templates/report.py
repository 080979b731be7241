"""What is told at the start of a template that is served: of itself, and of each within it whose template is a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.project.declarations import ProjectError
from lambda_emu.templates.beside import shown_beside
from lambda_emu.templates.layers import layers_without_effect
from lambda_emu.templates.stack import Stack
from lambda_emu.templates.strict import not_installed, without_effect
from lambda_emu.templates.within import Path, stacks_within


def without_effect_in_all(stack: Stack, scope: Scope, is_known: Callable[[str], bool]) -> list[str]:
    """A line for each that has no effect, once, however many stacks are of one template.

    What hangs on values that are not known yet is left to when the stack is made. is_known: as layers_without_effect.
    """

    def of_one(one: Stack) -> list[str]:
        return [*without_effect(one), *layers_without_effect(one, scope, is_known)]

    return _of_all(stack, of_one)


def not_installed_in_all(stack: Stack) -> list[str]:
    """A line for each folder of code whose dependencies are said beside it and are not there."""
    return _of_all(stack, not_installed)


def _of_all(stack: Stack, of_one: Callable[[Stack], list[str]]) -> list[str]:
    found = of_one(stack)
    for inside in _sure(stack):
        found += shown_beside(stack.template.file, inside.template.file, of_one(inside))
    return [*dict.fromkeys(found)]


def _sure(outermost: Stack) -> Iterator[Stack]:
    """Those within it, without what may not be made at all. What is wrong with one is told when it is made."""
    there: dict[Path, Stack] = {(): outermost}
    with suppress(ProjectError):
        for path, stack in stacks_within(outermost):
            parent = there.get(path[:-1])
            if parent is not None and path[-1] in parent.template.section("Resources"):
                there[path] = _unconditional(stack) if stack.is_guessed else stack
                yield there[path]


def _unconditional(stack: Stack) -> Stack:
    """Without resources that a condition decides about."""
    resources = stack.template.section("Resources")
    sure = {name: one for name, one in resources.items() if "Condition" not in one}
    return replace(stack, template=replace(stack.template, body={**stack.template.body, "Resources": sure}))
