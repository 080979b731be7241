"""What DeletionPolicy and UpdateReplacePolicy say, by functions too, as AWS::LanguageExtensions lets them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.project.declarations import ProjectError
from lambda_emu.templates.document import Template
from lambda_emu.templates.intrinsics import NotYet, Resolver

POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")


def with_policies(template: Template, values: Mapping[str, Any]) -> Template:
    """The template with what each of them gives. values: of parameters, pseudo ones too. ProjectError."""
    resolver = Resolver(template, values, {}, _not_yet)
    wrong: list[str] = []
    changed: dict[str, Any] = {}
    for logical_id, resource in template.section("Resources").items():
        said = {name: resource[name] for name in POLICIES if not isinstance(resource.get(name, ""), str)}
        found = {name: resolver.value(one, ("Resources", logical_id, name)) for name, one in said.items()}
        wrong += [
            f"{template.where(('Resources', logical_id, name))}: every {name} member must be a string"
            for name, one in found.items()
            if not isinstance(one, str) and not resolver.mistakes
        ]
        if found:
            changed[logical_id] = {**resource, **found}
    if mistakes := [*resolver.mistakes, *wrong]:
        raise ProjectError(mistakes)
    if not changed:
        return template
    return replace(template, body={**template.body, "Resources": {**template.section("Resources"), **changed}})


def _not_yet(_: str, __: str | None) -> Any:
    raise NotYet
