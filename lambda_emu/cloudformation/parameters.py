"""Values of parameters as requests give them, and what CloudFormation says of those that cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambda_emu.cloudformation.errors import Invalid, ParametersMissing, ParametersUnknown
from lambda_emu.model.stacks import StackParameter
from lambda_emu.templates.language.constraints import Broken, Rule, checked, text_of
from lambda_emu.templates.language.document import Template
from lambda_emu.templates.language.patterns import Patterns

_TEXTS: Mapping[Rule, str] = {
    Rule.NUMBER: "Parameter '{name}' must be a number",
    Rule.ALLOWED: "Parameter '{name}' must be one of AllowedValues",
    Rule.PATTERN: "Parameter '{name}' must match pattern {bound}",
    Rule.USABLE: "{bound}",
    Rule.LEAST_LENGTH: "Parameter '{name}' must contain at least {bound} characters",
    Rule.MOST_LENGTH: "Parameter '{name}' must contain at most {bound} characters",
    Rule.LEAST: "Parameter '{name}' must be a number not less than {bound}",
    Rule.MOST: "Parameter '{name}' must be a number not greater than {bound}",
}


def take(template: Template, given: Sequence[Mapping[str, Any]], before: Sequence[StackParameter]) -> dict[str, Any]:
    """Each parameter's value, lists as lists. before: of the stack as it is. CloudFormationError."""
    declared = template.section("Parameters")
    texts = {one.get("ParameterKey", ""): _given(one, before) for one in given}
    if unknown := [name for name in texts if name not in declared]:
        raise ParametersUnknown(unknown)
    values: dict[str, Any] = {}
    missing, patterns = [], Patterns()
    for name, one in declared.items():
        if not isinstance(one, dict):
            raise Invalid(f"Template format error: Every Parameters object must contain a Type member. [{name}]")
        text = texts.get(name, None if one.get("Default") is None else text_of(one["Default"]))
        if text is None:
            missing.append(name)
        else:
            values[name], broken = checked(one, text, patterns)
            if broken:
                raise Invalid(_told(name, one, broken[0]))
    if missing:
        raise ParametersMissing(missing)
    return values


def _given(one: Mapping[str, Any], before: Sequence[StackParameter]) -> str:
    name = one.get("ParameterKey", "")
    if not one.get("UsePreviousValue"):
        return str(one.get("ParameterValue", ""))
    found = next((known.value for known in before if known.key == name), None)
    if found is None:
        raise Invalid(
            f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key not "
            "in the previous template"
        )
    return found


def _told(name: str, declared: Mapping[str, Any], broken: Broken) -> str:
    """In CloudFormation's words."""
    described = declared.get("ConstraintDescription")
    if described and broken.rule not in (Rule.NUMBER, Rule.USABLE):
        return f"Parameter {name} failed to satisfy constraint: {described}"
    return _TEXTS[broken.rule].format(name=name, bound=broken.bound)
