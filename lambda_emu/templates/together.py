"""Several projects served at once: whether they can be, and the order in which their stacks are made. No operation."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lambda_emu.project.declarations import Project, ProjectError
from lambda_emu.templates.elsewhere import Named
from lambda_emu.templates.found import NAMES, source_folder
from lambda_emu.templates.kinds.functions import FUNCTION
from lambda_emu.templates.language.document import Place
from lambda_emu.templates.language.intrinsics import Resolver, not_yet
from lambda_emu.templates.stack import OneOfSeveral, Stack

log = logging.getLogger(__name__)

NOTHING_THERE = "has no template.yaml, and no lambda-emu.yaml that declares anything"
MOST_CHARACTERS = 64
"""Of a function's name."""


def shown_folders(paths: Sequence[Path]) -> list[str]:
    """What goes before the name of a file in each, as short as it can be: "" or `orders/`."""
    folders = [path if path.is_dir() else path.parent for path in paths]
    common = os.path.commonpath(folders)
    shown = [os.path.relpath(folder, common) for folder in folders]
    return ["" if one == os.curdir else f"{one}/" for one in shown]


def placed(at: str, lines: Sequence[str]) -> list[str]:
    return [f"{at}{line}" for line in lines]


class Together:
    """What several folders and files declare. mistakes: of all of them, each with its place."""

    def __init__(self, first: Path, parameters: Mapping[str, str]) -> None:
        self.mistakes: list[str] = []
        self.stacks: list[Stack] = []
        self.project = Project(first if first.is_dir() else first.parent)
        self._parameters = parameters
        self._declares = ""
        self._files: list[tuple[Path, str]] = []

    def add(self, path: Path, at: str, project: Project, file: Path | None) -> None:
        """What was found there. file: a template. One of them at most has a project file that declares something."""
        if project.functions or project.has_services:
            if self._declares:
                both = f"{self._declares} and {_declaring(project, at)} both declare functions or resources"
                self.mistakes.append(f"{both}; one lambda-emu.yaml can be served with templates")
                return
            self._declares = _declaring(project, at)
            self.project = project
        elif file is None:
            self.mistakes.append(f"{path} {NOTHING_THERE}")
        elif file.resolve() in {one.resolve() for one, _ in self._files}:
            self.mistakes.append(f"{at}{file.name} is named twice")
        else:
            self._files.append((file, at))

    def templates(self) -> Iterator[OneOfSeveral]:
        """Each with what its stack is called by beside the name of its folder, where that has several."""
        folders = [source_folder(file) for file, _ in self._files]
        for (file, at), folder in zip(self._files, folders, strict=True):
            is_alone = folders.count(folder) == 1 or file.name in NAMES
            stem = re.sub(r"[^a-zA-Z0-9]+", "-", file.stem).strip("-")
            yield OneOfSeveral(file, at, "" if is_alone else f"-{stem}")

    def check(self) -> None:
        """ProjectError, with all that is wrong."""
        by_name: dict[str, Stack] = {}
        for stack in self.stacks:
            other = by_name.setdefault(stack.name, stack)
            if other is not stack:
                both = f"{_file(other)} and {_file(stack)} both make the stack {stack.name}"
                self.mistakes.append(f"{both}; say another stack_name in the samconfig.toml beside one of them")
        known = {name for stack in self.stacks for name in stack.template.section("Parameters")}
        if not self.mistakes:
            for name in self._parameters.keys() - known:
                there = ", ".join(sorted(known)) or "none"
                self.mistakes.append(f"--parameter {name}: no template has such a parameter; they have {there}")
        if self.mistakes:
            raise ProjectError(self.mistakes)

    def named_apart(self) -> list[Stack]:
        """Functions without a name are called by their logical id, but by their stack too where another one has that.

        ProjectError where two say the same name.
        """
        taken = {one.name: f"{self._declares}: functions.{one.name}" for one in self.project.functions}
        mistakes = []
        for stack in self.stacks:
            for place, name in _said_names(stack):
                where = stack.at + stack.template.where(place)
                if name in taken:
                    mistakes.append(f"{where}: is called {name}, and so is {taken[name]}")
                taken.setdefault(name, where)
        if mistakes:
            raise ProjectError(mistakes)
        return [_named_apart(stack, taken) for stack in self.stacks]


def _declaring(project: Project, at: str) -> str:
    places = [one.places for one in project.functions] + [one.places for one in project.resources]
    file = next((place["name"].partition(":")[0] for place in places if "name" in place), "lambda-emu.yaml")
    return at + file


def _file(stack: Stack) -> str:
    return stack.at + stack.template.file.name


def _functions(stack: Stack) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for logical_id, resource in stack.template.section("Resources").items():
        if resource["Type"] == FUNCTION and stack.is_wanted(logical_id):
            yield logical_id, resource.get("Properties") or {}


def _said_names(stack: Stack) -> Iterator[tuple[Place, str]]:
    resolver = stack.resolver(not_yet)
    for logical_id, properties in _functions(stack):
        place: Place = ("Resources", logical_id, "Properties", "FunctionName")
        name = resolver.value(properties.get("FunctionName"), place)
        if isinstance(name, str):
            yield place, name


def _named_apart(stack: Stack, taken: dict[str, str]) -> Stack:
    """taken: names, with where they are; those of this stack are added."""
    resources = dict(stack.template.section("Resources"))
    for logical_id, properties in _functions(stack):
        where = stack.at + stack.template.where(("Resources", logical_id))
        name = logical_id[:MOST_CHARACTERS]
        if properties.get("FunctionName") is not None:
            continue
        if name in taken:
            named = f"{stack.name}-{logical_id}"[:MOST_CHARACTERS]
            log.warning("%s: is served as %s, since %s is called %s", where, named, taken[name], name)
            resources[logical_id] = {**resources[logical_id], "Properties": {**properties, "FunctionName": named}}
            name = named
        taken.setdefault(name, where)
    return replace(stack, template=replace(stack.template, body={**stack.template.body, "Resources": resources}))


# -- what they import of one another

Imported = Mapping[str, tuple[str, str]]
"""By the name of another stack: where something of it is imported, and the export's name."""


def in_order(stacks: Sequence[Stack]) -> list[Stack]:
    """What exports goes before what imports, else as they are named. ProjectError for a circle."""
    imported = imports(stacks)
    order = TopologicalSorter({stack.name: imported[stack.name].keys() for stack in stacks})
    try:
        names = [*order.static_order()]
    except CycleError as error:
        owners = error.args[1]  # each is imported by the one after it, and the last is the first
        steps = [(user, owner, *imported[user][owner]) for owner, user in pairwise(owners)]
        told = " and ".join(f"{where}: imports {name} of {owner}" for _, owner, where, name in reversed(steps))
        raise ProjectError([f"{told}; stacks cannot import from one another in a circle"]) from error
    by_name = {stack.name: stack for stack in stacks}
    return [by_name[name] for name in names]


def imports(stacks: Sequence[Stack]) -> dict[str, Imported]:
    """By name, what each stack imports of the others, as far as templates say it. ProjectError for two of one name."""
    owners: dict[str, tuple[str, str]] = {}
    mistakes = []
    for stack in stacks:
        for where, name in _exports(stack):
            if name in owners:
                mistakes.append(f"{where}: exports {name}, and so does {owners[name][1]}")
            owners.setdefault(name, (stack.name, where))
    if mistakes:
        raise ProjectError(mistakes)
    found: dict[str, Imported] = {}
    names = {stack.name for stack in stacks}
    if len(names) == 1:
        return {name: {} for name in names}
    for stack in stacks:
        there = {owners[name][0]: (where, name) for where, name in _imports(stack) if name in owners}
        there |= {other: (where, name) for where, other, name in _asked(stack) if other in names}
        found[stack.name] = {owner: one for owner, one in there.items() if owner != stack.name}
    return found


def _exports(stack: Stack) -> Iterator[tuple[str, str]]:
    resolver = stack.resolver(not_yet)
    for place, output in _outputs(stack):
        export = output.get("Export")
        said = export.get("Name") if isinstance(export, dict) else None
        name = resolver.value(said, (*place, "Export", "Name"))
        if isinstance(name, str):
            yield stack.at + stack.template.where((*place, "Export")), name


def _imports(stack: Stack) -> Iterator[tuple[str, str]]:
    for where, resolver in _resolved(stack):
        yield from ((where, name) for name in sorted(resolver.imports))


def _asked(stack: Stack) -> Iterator[tuple[str, str, str]]:
    """Where an output of another stack is asked for, which stack's, and which."""
    for where, resolver in _resolved(stack):
        yield from ((where, *asked) for asked in sorted(resolver.outputs))


def _resolved(stack: Stack) -> Iterator[tuple[str, Resolver]]:
    """Each place that may name another stack, with what was found in it."""
    resolver = stack.resolver(not_yet, Named())
    resources = stack.template.section("Resources").items()
    wanted = [(("Resources", name), one.get("Properties")) for name, one in resources if stack.is_wanted(name)]
    for place, said in [*wanted, *((place, output.get("Value")) for place, output in _outputs(stack))]:
        resolver.imports.clear()
        resolver.outputs.clear()
        resolver.value(said, place)
        yield stack.at + stack.template.where(place), resolver


def _outputs(stack: Stack) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Those whose conditions hold."""
    resolver = stack.resolver(not_yet)
    for name, output in stack.template.section("Outputs").items():
        place: Place = ("Outputs", name)
        if isinstance(output, dict) and (
            "Condition" not in output or resolver.condition(str(output["Condition"]), (*place, "Condition"))
        ):
            yield place, output
