"""What a value of a template refers to. Pure."""

from __future__ import annotations

import re
from typing import Any

VARIABLE = re.compile(r"\$\{(!?)([^${}]{1,300})\}")


def references(value: Any) -> set[str]:
    """The names that what waits in a value may mean: of resources, parameters and variables of its own."""
    if isinstance(value, list):
        return {name for part in value for name in references(part)}
    if not isinstance(value, dict):
        return set()
    if len(value) != 1:
        return {name for part in value.values() for name in references(part)}
    ((name, argument),) = value.items()
    if name == "Ref":
        return {argument} if isinstance(argument, str) else set()
    first = argument[0] if isinstance(argument, list) and argument else argument
    if name == "Fn::GetAtt":
        return {first.split(".")[0]} if isinstance(first, str) else set()
    if name == "Fn::Sub":
        named = {found[2].strip().split(".")[0] for found in VARIABLE.finditer(str(first)) if not found[1]}
        return named | (references(argument[1:]) if isinstance(argument, list) else set())
    return references(argument)
