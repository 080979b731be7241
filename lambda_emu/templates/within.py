"""The stacks within one, by what is known before anything is made: what their code is built by beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.resources import CannotChange
from lambda_emu.templates.beside import file_of
from lambda_emu.templates.deploying.nested import MOST_LEVELS, MOST_TEMPLATES, TYPES, within
from lambda_emu.templates.guessed import with_defaults
from lambda_emu.templates.language.document import Place, read_template
from lambda_emu.templates.language.intrinsics import is_known, not_yet
from lambda_emu.templates.language.parameters import Configured, take_parameters
from lambda_emu.templates.object_urls import is_url
from lambda_emu.templates.stack import Stack, make_stack, pseudo_parameters

Path = tuple[str, ...]
"""The logical ids that lead to a stack from the outermost."""


def stacks_within(stack: Stack) -> Iterator[tuple[Path, Stack]]:
    """Those whose template is a file, however deep. ProjectError.

    A parameter whose value is another resource's has its default, or some text: how code is built seldom hangs on it.
    """
    for number, found in enumerate(_within(stack, ())):
        if number >= MOST_TEMPLATES:
            raise ProjectError([f"{stack.template.file.name}: more than {MOST_TEMPLATES} stacks are in one another"])
        yield found


def _within(parent: Stack, above: Path) -> Iterator[tuple[Path, Stack]]:
    resolver = parent.resolver(not_yet)
    for logical_id, resource in parent.template.section("Resources").items():
        if resource["Type"] not in TYPES or not parent.is_wanted(logical_id):
            continue
        place: Place = ("Resources", logical_id, "Properties")
        properties = resolver.value(resource.get("Properties") or {}, place)
        said = properties.get("TemplateURL") if isinstance(properties, dict) else None
        if not isinstance(said, str) or is_url(said):
            continue
        path = (*above, logical_id)
        try:
            if len(path) > MOST_LEVELS:
                raise CannotChange(f"stacks are more than {MOST_LEVELS} deep in one another")
            child = _read(parent, logical_id, said, properties.get("Parameters"))
        except CannotChange as error:
            raise ProjectError([f"{parent.template.where((*place, 'TemplateURL'))}: {error}"]) from error
        except ProjectError as error:
            raise ProjectError([*within(said, error.mistakes).mistakes]) from error
        yield path, child
        yield from _within(child, path)


def _read(parent: Stack, logical_id: str, said: str, given: Any) -> Stack:
    """CannotChange, ProjectError."""
    template = read_template(file_of(parent.template.file, said))
    asked: Mapping[str, Any] = given if isinstance(given, dict) else {}
    known = {name: value for name, value in asked.items() if is_known(value)}
    template = with_defaults(template, {*asked} - {*known})
    parameters, mistakes = take_parameters(template, known, Configured(), flag="Parameters.")
    if mistakes:
        raise ProjectError(mistakes)
    name, scope = f"{parent.name}-{logical_id}", Scope(parent.values["AWS::AccountId"], parent.values["AWS::Region"])
    values = {**pseudo_parameters(name, scope), **parameters}
    stack = make_stack(template, name, template.file.parent, values, parent.cache)
    return replace(stack, is_guessed=parent.is_guessed or len(known) < len(asked))
