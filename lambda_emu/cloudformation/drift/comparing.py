"""What differs between the properties that a template says and those that there are. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lambda_emu.templates.constraints import HIDDEN, text_of

DYNAMIC = "{{resolve:"


def compared(expected: Mapping[str, Any], actual: Mapping[str, Any], names: Collection[str]) -> Mapping[str, Any]:
    """Of what there is that which the template says too. names: of properties that are comparable."""
    return {name: _part(value, actual.get(name)) for name, value in expected.items() if name in names}


def _part(expected: Any, actual: Any) -> Any:
    """Members that a template leaves out have a service's own values, and are no difference."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return {name: _part(value, actual.get(name)) for name, value in expected.items()}
    return HIDDEN if _is_hidden(expected) else actual


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[Mapping[str, str]]:
    """As they are told, each with its path. What nobody is shown is not compared."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name, value in expected.items():
            yield from differences(value, actual.get(name), f"{path}/{name}")
        return
    if _is_hidden(expected) or _is_same(expected, actual):
        return
    kind = "REMOVE" if actual is None else "NOT_EQUAL"
    told = "null" if actual is None else text_of(actual)
    yield {"PropertyPath": path, "ExpectedValue": text_of(expected), "ActualValue": told, "DifferenceType": kind}


def _is_same(expected: Any, actual: Any) -> bool:
    return bool(expected == actual) or (actual is not None and text_of(expected) == text_of(actual))


def _is_hidden(expected: Any) -> bool:
    return isinstance(expected, str) and (HIDDEN in expected or DYNAMIC in expected)
