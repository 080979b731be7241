"""What a server is started with: a project file, or a template; read, and deployed once the server answers.

Light, as each start asks. What reads and deploys templates is imported where there is one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.arn import Scope
from lambda_emu.model.layers.sources import LayerSource
from lambda_emu.model.stacks import SERVED
from lambda_emu.project import Project, ProjectError, read_project
from lambda_emu.project.resources import ResourceChange
from lambda_emu.project.services.left import Left
from lambda_emu.templates.found import find_template, is_template

if TYPE_CHECKING:
    from lambda_emu.builds.builder import Builder
    from lambda_emu.project.env_vars import EnvVars
    from lambda_emu.project.services.reach import Services
    from lambda_emu.templates.stack import OneOfSeveral, Stack

log = logging.getLogger(__name__)

Addresses = Sequence[tuple[str, str]]


class Chosen(Struct, frozen=True):
    """What settings say of it. project: a folder or a file. cache: the folder for templates that were expanded.

    env_vars: a file with other values for variables. layers: what those of others hold. builds: what code needs is
    installed where it is not beside it. also: more folders and files.
    """

    project: Path
    parameters: Mapping[str, str]
    cache: Path
    strict: bool
    env_vars: Path | None = None
    layers: Sequence[LayerSource] = ()
    builds: bool = True
    also: Sequence[Path] = ()


class Declared(Struct, frozen=True):
    """What is to be served. Of a folder whose project file declares functions or resources, no template is read.

    stacks: those that export before those that import.
    """

    project: Project
    stacks: Sequence[Stack] = ()

    @property
    def functions(self) -> list[str]:
        """Their names."""
        of_stacks = (name for stack in self.stacks for name in stack.functions())
        return [*(function.name for function in self.project.functions), *of_stacks]


def read_declared(chosen: Chosen, scope: Scope, only: str | None) -> Declared:
    """only: a function of the project file that nothing else goes with. ProjectError."""
    if chosen.also and only is None:
        project, stacks = _read_several(chosen, scope)
    else:
        project, file = _find(chosen.project)
        stacks = [] if file is None or only is not None else [_read_stack(file, chosen, scope)]
    if chosen.env_vars is not None:
        project, stacks = _with_env_vars(project, stacks, chosen.env_vars)
    return Declared(project if only is None else project.only(only), stacks)


def _find(path: Path) -> tuple[Project, Path | None]:
    """What a folder's project file declares, or its template. ProjectError."""
    project = Project(path.parent) if path.is_file() and is_template(path) else read_project(path)
    return project, None if project.functions or project.has_services else find_template(path)


def _read_several(chosen: Chosen, scope: Scope) -> tuple[Project, list[Stack]]:
    """ProjectError, with what is wrong with any of them."""
    from lambda_emu.templates.together import Together, in_order, placed, shown_folders

    together = Together(chosen.project, chosen.parameters)
    paths = (chosen.project, *chosen.also)
    for path, at in zip(paths, shown_folders(paths), strict=True):
        try:
            project, file = _find(path)
            together.add(path, at, project, file)
        except ProjectError as error:
            together.mistakes += placed(at, error.mistakes)
    for found in together.templates():
        try:
            together.stacks.append(_read_stack(found.file, chosen, scope, found))
        except ProjectError as error:
            together.mistakes += placed(found.at, error.mistakes)
    together.check()
    return together.project, in_order(together.named_apart())


def _with_env_vars(project: Project, stacks: Sequence[Stack], file: Path) -> tuple[Project, list[Stack]]:
    """ProjectError."""
    from lambda_emu.project.env_vars import overridden, read_env_vars

    values = read_env_vars(file)
    project = overridden(project, values)
    changed = [stack.with_variables(values) for stack in stacks]
    if not values.are_used:
        _use_within(changed, values)
    values.tell_unused()
    return project, changed


def _use_within(stacks: Sequence[Stack], values: EnvVars) -> None:
    """By functions of stacks within them, which are made later. What is wrong with those is told then."""
    from lambda_emu.templates.within import stacks_within

    for outermost in stacks:
        with suppress(ProjectError):
            for path, stack in stacks_within(outermost):
                replace(stack, path=path).with_variables(values)


def _read_stack(file: Path, chosen: Chosen, scope: Scope, among: OneOfSeveral | None = None) -> Stack:
    """What has no effect is told, each once, of stacks within it too; with `strict` it is a mistake. ProjectError."""
    from lambda_emu.public_layers.known import is_known
    from lambda_emu.templates.deploying.nested import wrong_templates
    from lambda_emu.templates.report import not_installed_in_all, without_effect_in_all
    from lambda_emu.templates.stack import read_stack

    stack = read_stack(file, scope, chosen.parameters, chosen.cache, among)
    stack = replace(stack, is_strict=chosen.strict)
    if wrong := wrong_templates(stack.template):
        raise ProjectError(wrong)
    told = without_effect_in_all(stack, scope, partial(is_known, sources=chosen.layers))
    if chosen.strict and told:
        raise ProjectError(told)
    stack.told.update(told)
    for line in stack.placed([*told, *([] if chosen.builds else not_installed_in_all(stack))]):
        log.warning("%s", line)
    return stack


def deploy_services(
    declared: Declared,
    context: RequestContext,
    services: Services,
    left: Left,
    builder: Builder | None,
    *,
    alone: bool,
) -> tuple[Sequence[ResourceChange], Addresses]:
    """What functions live among, where their events come from, and a template's functions too; what there was before
    and is declared no more is removed.

    builder: of code that is not whole; None: it is taken as it lies.
    alone: a function of the project is run once, and nothing is made for it. The changes, and addresses of what is
    there, each with what it is. ProjectError.
    """
    changes: list[ResourceChange] = []
    addresses: list[tuple[str, str]] = []
    if declared.project.has_services or left:
        from lambda_emu.project.services.deploy import deploy_services as deploy_project

        done = deploy_project(declared.project, context, services, left)
        changes, addresses = [*done.changes], [*done.addresses]
    if alone or not (declared.stacks or _has_served(context)):
        return changes, addresses
    from lambda_emu.templates.deploying.together import deploy_stacks

    stacks = deploy_stacks(declared.stacks, context, services, builder)
    return [*changes, *stacks.changes], [*addresses, *stacks.addresses]


def _has_served(context: RequestContext) -> bool:
    """Whether an earlier start left something of a template."""
    store, scope = context.store, context.scope
    return any(one.origin == SERVED for table in (store.stack_resources, store.stacks) for one in table.all(scope))
