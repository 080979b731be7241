"""What DeletionPolicy and UpdateReplacePolicy say, by functions too, as AWS::LanguageExtensions lets them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.project.declarations import ProjectError
from lambda_emu.templates.language.document import Template
from lambda_emu.templates.language.intrinsics import Resolver, not_yet

POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}
"""Each with the words that it knows."""


class UnrecognizedPolicy(ProjectError):
    """A word that a policy does not know: what it is to retain would go. text: without its place."""

    def __init__(self, where: str, policy: str, word: str, logical_id: str) -> None:
        self.text = f"Unrecognized {policy} {word} for resource {logical_id}"
        super().__init__([f"{where}: {self.text}"])


def with_policies(template: Template, values: Mapping[str, Any]) -> Template:
    """The template with what each of them gives. values: of parameters, pseudo ones too.

    ProjectError, UnrecognizedPolicy.
    """
    resolver = Resolver(template, values, {}, not_yet)
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
    if changed:
        resources = {**template.section("Resources"), **changed}
        template = replace(template, body={**template.body, "Resources": resources})
    _check_words(template)
    return template


def _check_words(template: Template) -> None:
    """UnrecognizedPolicy."""
    for logical_id, resource in template.section("Resources").items():
        for policy, known in POLICIES.items():
            if resource.get(policy, known[0]) not in known:
                where = template.where(("Resources", logical_id, policy))
                raise UnrecognizedPolicy(where, policy, resource[policy], logical_id)
