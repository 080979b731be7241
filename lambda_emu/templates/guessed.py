"""A template some of whose parameters are values of what is not made yet, looked into all the same."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec.structs import replace

from lambda_emu.templates.language.document import Template


def with_defaults(template: Template, names: Collection[str]) -> Template:
    """The same, with a value for each of these parameters, of which no rule is asked then."""
    declared = dict(template.section("Parameters"))
    for name in {*names} & {*declared}:
        said = declared[name]
        if isinstance(said, dict):
            kind = str(said.get("Type", "String"))
            declared[name] = {"Type": kind, "Default": said.get("Default", "0" if "Number" in kind else "unknown")}
    rules: dict[str, Any] = {"Rules": {}} if names else {}
    return replace(template, body={**template.body, "Parameters": declared, **rules})
