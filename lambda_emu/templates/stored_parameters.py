"""Parameters of templates whose values are in Systems Manager: `AWS::SSM::Parameter::Value<String>` and the like."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.language.rules import check_rules
from lambda_emu.templates.stack import Stack, conditions_of

log = logging.getLogger(__name__)

_TYPE = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
LISTS = ("List<", "CommaDelimitedList")
MOST_AT_ONCE = 10
"""GetParameters' own limit."""
UNKNOWN = "Unable to fetch parameters [{}] from parameter store for this account."


def with_stored_parameters(stack: Stack, reach: Reach, *, is_served: bool) -> Stack:
    """The stack with what the parameters that it names hold, and the conditions that follow. ProjectError.

    is_served: the name of one that is not there is told and taken for its value, since it can be put there only once a
    server runs.
    """
    named = dict(_named(stack))
    if not named or stack.is_looked_up:
        return stack
    found = _fetch(sorted({name for name, _ in named.values()}), reach)
    missing = sorted({name for name, _ in named.values() if name not in found})
    if missing and not is_served:
        raise ProjectError([UNKNOWN.format(",".join(missing))])
    for name in missing:
        log.warning("there is no parameter %s in Systems Manager here, so its name is taken for its value", name)
    return with_values(stack, {parameter: found.get(name, name) for parameter, (name, _) in named.items()})


def names_stored(stack: Stack) -> bool:
    """Whether any parameter's value is in Systems Manager."""
    return bool(_named(stack))


def with_values(stack: Stack, texts: Mapping[str, str]) -> Stack:
    """texts: what Systems Manager has, by parameter. ProjectError."""
    values = dict(stack.values)
    for parameter, (_, kind) in _named(stack).items():
        text = texts[parameter]
        values[parameter] = [part.strip() for part in text.split(",")] if kind.startswith(LISTS) else text
    check_rules(stack.template, values, is_looked_up=True)
    return replace(stack, values=values, conditions=conditions_of(stack.template, values), is_looked_up=True)


def texts_of(stack: Stack) -> dict[str, str]:
    """Of one that is looked up: what Systems Manager had, by parameter."""
    values = {parameter: stack.values[parameter] for parameter in _named(stack)}
    return {name: ",".join(one) if isinstance(one, list) else one for name, one in values.items()}


def _named(stack: Stack) -> Mapping[str, tuple[str, str]]:
    """By parameter: the name of the one in Systems Manager, and the type of what it holds."""
    declared = stack.template.section("Parameters")
    types = {name: _TYPE.fullmatch(str(one.get("Type"))) for name, one in declared.items() if isinstance(one, dict)}
    return {
        name: (str(stack.values[name]), found[1]) for name, found in types.items() if found and name in stack.values
    }


def _fetch(names: list[str], reach: Reach) -> dict[str, str]:
    found: dict[str, str] = {}
    for begin in range(0, len(names), MOST_AT_ONCE):
        try:
            told: dict[str, Any] = reach.call("ssm", "GetParameters", Names=names[begin : begin + MOST_AT_ONCE])
        except CannotChange as error:
            raise ProjectError([str(error)]) from error
        found |= {one["Name"]: one["Value"] for one in told["Parameters"]}
    return found
