"""Stacks within stacks: where their templates are, what they are given, and that none holds itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.beside import file_of, shown_beside
from lambda_emu.templates.deploying.prepared import Prepared
from lambda_emu.templates.deploying.without_effect import tell_without_effect
from lambda_emu.templates.guessed import with_defaults
from lambda_emu.templates.kinds.documents import read_named, read_object
from lambda_emu.templates.kinds.kind import ResourceRequest, tag_map
from lambda_emu.templates.language.constraints import text_of
from lambda_emu.templates.language.document import Template, read_template
from lambda_emu.templates.language.intrinsics import is_known
from lambda_emu.templates.language.parameters import Configured, take_parameters
from lambda_emu.templates.layers import layers_without_effect
from lambda_emu.templates.object_urls import MOST_OBJECT_BYTES, NOT_SUPPORTED, CannotFetch, is_url, name_of, object_at
from lambda_emu.templates.stack import Stack, make_stack, pseudo_parameters
from lambda_emu.templates.strict import without_effect

log = logging.getLogger(__name__)

MOST_LEVELS = 16
MOST_TEMPLATES = 200
TYPES = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
"""Each with the property that says where its template is."""


class RefusedWithin(CannotChange):
    """A stack within a stack that cannot be. mistakes: what is wrong in it, each with its place."""

    def __init__(self, reason: str, mistakes: Sequence[str]) -> None:
        super().__init__(reason)
        self.mistakes = mistakes


def read_nested(
    parent: Stack,
    asked: ResourceRequest,
    id: str | None,
    context: RequestContext,
    may: Callable[[Template], None],
    prepared: Prepared | None = None,
) -> Stack:
    """The stack that a resource of another one asks for. id: the one that it has. CannotChange, RefusedWithin.

    may: refuses a template by what it does, as it is written, and as it is once its macros are expanded.
    prepared: as a change set has it. Parameters whose values are not known yet have others.
    """
    said = str(asked.get("TemplateURL") or "")
    where, template = _read(parent, said, asked.reach, prepared)
    may(template)
    values: Mapping[str, Any] = asked.get("Parameters") or {}
    given = {str(name): text_of(value) for name, value in values.items() if is_known(value)}
    if len(given) < len(values):
        template = with_defaults(template, values.keys() - given.keys())
    parameters, mistakes = take_parameters(template, given, Configured(), flag="Parameters.")
    if mistakes:
        raise RefusedWithin("; ".join(mistakes), mistakes)
    id = id or context.scope.arn(f"stack/{asked.name}/{context.clock.new_id()}", "cloudformation")
    own = {"AWS::StackId": id, "AWS::NotificationARNs": [*(asked.get("NotificationARNs") or ())]}
    all_values = {**pseudo_parameters(asked.name, context.scope), **parameters, **own}
    folder = None if parent.folder is None or is_url(said) else template.file.parent
    try:
        made = make_stack(template, asked.name, folder, all_values, parent.cache, partial(read_named, asked.reach))
        may(made.template)
        stack = made.below(parent, where, asked.logical_id)
        _tell(stack, context)
    except ProjectError as error:
        raise within(said, error.mistakes) from error
    return replace(stack, tags={**parent.tags, **tag_map(asked)})


def _tell(stack: Stack, context: RequestContext) -> None:
    """What has no effect, of one that is served with its place, if it was not told before. ProjectError."""
    if stack.folder is None:
        tell_without_effect(stack, context)
        return
    found = [*without_effect(stack), *layers_without_effect(stack, context.scope, context.knows_layer)]
    if found and stack.is_strict:
        raise ProjectError(found)
    lines = shown_beside(Path(stack.above[0]), stack.template.file, found)
    new = [line for line in dict.fromkeys(lines) if line not in stack.told]
    stack.told.update(new)
    for line in stack.placed(new):
        log.warning("%s", line)


def within(said: str, mistakes: Sequence[str], reason: str = "") -> RefusedWithin:
    """said: where the template is; mistakes name the file alone."""
    folder = PurePosixPath(said).parent
    told = mistakes if is_url(said) or folder == PurePosixPath() else [f"{folder}/{one}" for one in mistakes]
    return RefusedWithin(reason or "; ".join(told), told)


def _read(parent: Stack, said: str, reach: Reach, prepared: Prepared | None) -> tuple[str, Template]:
    """What names the template for good, and the template."""
    try:
        if is_url(said):
            name = name_of(said)
            _check_above(name, parent.above)
            text = fetched(said, reach) if prepared is None else prepared.template.encode()
            return name, read_template(Path("template"), text)
        if parent.folder is None:
            raise CannotChange(NOT_SUPPORTED)
        file = file_of(parent.template.file, said)
        _check_above(str(file), parent.above or (str(parent.template.file.resolve()),))
        return str(file), read_template(file)
    except CannotFetch as error:
        raise CannotChange(str(error)) from error
    except ProjectError as error:
        raise within(said, error.mistakes) from error


def fetched(url: str, reach: Reach) -> bytes:
    """By the rights of whoever the stack is made for. CannotFetch, CannotChange."""
    wanted = object_at(url)
    try:
        return read_object(reach, wanted.bucket, wanted.key, wanted.version, MOST_OBJECT_BYTES)
    except CannotChange as error:
        raise CannotChange(f"S3 error: {error}") from error


def _check_above(where: str, above: Sequence[str]) -> None:
    if where in above:
        circle = " holds ".join(PurePosixPath(one).name for one in (*above[above.index(where) :], where))
        raise CannotChange(f"holds itself: {circle}")
    if len(above) >= MOST_LEVELS:
        raise CannotChange(f"stacks are more than {MOST_LEVELS} deep in one another")


def check_count(id: str, within: list[str]) -> None:
    """Of all stacks within the outermost, one more. CannotChange."""
    within.append(id)
    if len(within) > MOST_TEMPLATES:
        raise CannotChange(f"more than {MOST_TEMPLATES} templates are in one another")


# -- before anything is made


def wrong_templates(template: Template) -> list[str]:
    """What is wrong with where the templates within this one are, as far as it says so itself, each with its place."""
    looked: list[Path] = []
    return [*_wrong(template, (str(template.file.resolve()),), looked)]


def _wrong(template: Template, above: tuple[str, ...], looked: list[Path]) -> Iterator[str]:
    for logical_id, said, property in _named(template):
        where = template.where(("Resources", logical_id, "Properties", property))
        try:
            file = file_of(template.file, said)
            _check_above(str(file), above)
            looked.append(file)
            if len(looked) > MOST_TEMPLATES:
                raise CannotChange(f"more than {MOST_TEMPLATES} templates are in one another")
            inside = read_template(file)
        except CannotChange as error:
            yield f"{where}: {error}"
        except ProjectError as error:
            yield from (f"{where}: {one}" for one in within(said, error.mistakes).mistakes)
        else:
            folder = PurePosixPath(said).parent
            shown = "" if folder == PurePosixPath() else f"{folder}/"
            yield from (f"{shown}{one}" for one in _wrong(inside, (*above, str(file)), looked))
            if len(looked) > MOST_TEMPLATES:
                return


def _named(template: Template) -> Iterator[tuple[str, str, str]]:
    """Each stack in it that names a file, with the property that does."""
    for logical_id, resource in template.section("Resources").items():
        property = TYPES.get(str(resource.get("Type"))) if isinstance(resource, Mapping) else None
        properties = resource.get("Properties") if property is not None else None
        said = properties.get(property) if isinstance(properties, Mapping) else None
        if isinstance(said, str) and property is not None and not is_url(said):
            yield logical_id, said, property
