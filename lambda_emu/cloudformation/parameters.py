"""Values of parameters as requests give them, and what CloudFormation says of those that cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lambda_emu.cloudformation.errors import Invalid, ParametersMissing, ParametersUnknown
from lambda_emu.model.stacks import StackParameter
from lambda_emu.templates.document import Template
from lambda_emu.triggers.rest_apis.templates.failures import TemplateFailed
from lambda_emu.triggers.rest_apis.templates.regexes import MOST_TRIES, regex

LISTS = ("CommaDelimitedList", "List<")
SECRET = "****"
NUMBER = r"[-+]?\d{1,30}(\.\d{1,30})?"
MOST_CHARACTERS = 4096


def take(template: Template, given: Sequence[Mapping[str, Any]], before: Sequence[StackParameter]) -> dict[str, Any]:
    """Each parameter's value, lists as lists. before: of the stack as it is. CloudFormationError."""
    declared = template.section("Parameters")
    texts = {one.get("ParameterKey", ""): _given(one, before) for one in given}
    if unknown := [name for name in texts if name not in declared]:
        raise ParametersUnknown(unknown)
    values: dict[str, Any] = {}
    missing = []
    for name, one in declared.items():
        if not isinstance(one, dict):
            raise Invalid(f"Template format error: Every Parameters object must contain a Type member. [{name}]")
        text = texts.get(name, _default(one))
        if text is None:
            missing.append(name)
        else:
            values[name] = _value(name, one, text)
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


def _default(declared: Mapping[str, Any]) -> str | None:
    said = declared.get("Default")
    if said is None:
        return None
    return ",".join(map(_text, said)) if isinstance(said, list) else _text(said)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(name: str, declared: Mapping[str, Any], text: str) -> Any:
    kind = str(declared.get("Type", "String"))
    is_list = kind.startswith(LISTS)
    parts = [part.strip() for part in text.split(",")] if is_list else [text]
    allowed = declared.get("AllowedValues")
    for part in parts:
        if "Number" in kind and re.fullmatch(NUMBER, part) is None:
            raise Invalid(f"Parameter '{name}' must be a number")
        if isinstance(allowed, list) and part not in [*map(_text, allowed)]:
            raise _refused(name, declared, f"Parameter '{name}' must be one of AllowedValues")
    if wrong := _against_bounds(name, declared, kind, text):
        raise _refused(name, declared, wrong)
    return parts if is_list else text


def _refused(name: str, declared: Mapping[str, Any], text: str) -> Invalid:
    described = declared.get("ConstraintDescription")
    return Invalid(f"Parameter {name} failed to satisfy constraint: {described}" if described else text)


def _against_bounds(name: str, declared: Mapping[str, Any], kind: str, text: str) -> str | None:
    pattern = declared.get("AllowedPattern")
    if len(text) > MOST_CHARACTERS:
        return f"Parameter '{name}' must contain at most {MOST_CHARACTERS} characters"
    if isinstance(pattern, str) and not _matches(pattern, text):
        return f"Parameter '{name}' must match pattern {pattern}"
    least, most = _number(declared.get("MinLength")), _number(declared.get("MaxLength"))
    if least is not None and len(text) < least:
        return f"Parameter '{name}' must contain at least {least:g} characters"
    if most is not None and len(text) > most:
        return f"Parameter '{name}' must contain at most {most:g} characters"
    least, most = _number(declared.get("MinValue")), _number(declared.get("MaxValue"))
    if kind == "Number" and least is not None and float(text) < least:
        return f"Parameter '{name}' must be a number not less than {least:g}"
    if kind == "Number" and most is not None and float(text) > most:
        return f"Parameter '{name}' must be a number not greater than {most:g}"
    return None


def _matches(pattern: str, text: str) -> bool:
    """Whoever sends a template sends its patterns too. Invalid for one that may take long."""
    try:
        found = regex(pattern)
    except TemplateFailed as error:
        raise Invalid(f"AllowedPattern {pattern[:256]!r} cannot be used: {error}") from None
    if max(len(text), 2) ** found.whole_power > MOST_TRIES:
        raise Invalid(f"AllowedPattern {pattern[:256]!r} may take too long for its text")
    return found.pattern.fullmatch(text) is not None


def _number(value: Any) -> float | None:
    return float(value) if re.fullmatch(NUMBER, _text(value)) else None
