"""What differs between the properties that a template says and those that there are. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lambda_emu.templates.language.constraints import HIDDEN, text_of
from lambda_emu.templates.language.references import references

DYNAMIC = "{{resolve:"
CHOOSE = ("Fn::FindInMap", "Fn::Select")
"""Functions whose value may tell by which of several it is what chose it."""


def without_choices(declared: Any, hidden: Collection[str]) -> Any:
    """What a template says, without what a parameter chooses that nobody is shown. hidden: their names."""
    if isinstance(declared, list):
        return [without_choices(item, hidden) for item in declared]
    if not isinstance(declared, Mapping):
        return declared
    if len(declared) == 1 and next(iter(declared)) in CHOOSE and references(declared) & set(hidden):
        return HIDDEN
    return {name: without_choices(member, hidden) for name, member in declared.items()}


def unseen(one: Any, other: Any) -> Any:
    """What a template says, as it may be told. one, other: with two values in place of those that nobody is shown.

    Whatever comes of such a value, in whatever form, differs in the two, or cannot be told at all.
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        return {name: unseen(value, other[name]) for name, value in one.items()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [unseen(value, beside) for value, beside in zip(one, other, strict=True)]
    return HIDDEN if one is None or one != other else one


def compared(expected: Mapping[str, Any], actual: Mapping[str, Any], names: Collection[str]) -> Mapping[str, Any]:
    """Of what there is that which the template says too. names: of properties that are comparable."""
    return {name: _part(value, actual.get(name)) for name, value in expected.items() if name in names}


def _part(expected: Any, actual: Any) -> Any:
    """Members that a template leaves out have a service's own values, and are no difference."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return {name: _part(value, actual.get(name)) for name, value in expected.items()}
    if _is_like(expected, actual):
        return [_part(value, beside) for value, beside in zip(expected, actual, strict=True)]
    return HIDDEN if _hides(expected) and actual is not None else actual


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[Mapping[str, str]]:
    """As they are told, each with its path. What nobody is shown is not compared."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name, value in expected.items():
            yield from differences(value, actual.get(name), f"{path}/{name}")
        return
    if _hides(expected) and _is_like(expected, actual):
        for number, value in enumerate(expected):
            yield from differences(value, actual[number], f"{path}/{number}")
        return
    if _hides(expected) or _is_same(expected, actual):
        return
    kind = "REMOVE" if actual is None else "NOT_EQUAL"
    told = "null" if actual is None else text_of(actual)
    yield {"PropertyPath": path, "ExpectedValue": text_of(expected), "ActualValue": told, "DifferenceType": kind}


def _is_same(expected: Any, actual: Any) -> bool:
    return bool(expected == actual) or (actual is not None and text_of(expected) == text_of(actual))


def _is_like(expected: Any, actual: Any) -> bool:
    """Whether both are lists whose items can be laid beside one another."""
    return isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual)


def _hides(expected: Any) -> bool:
    """Whether nobody is shown something in it."""
    if isinstance(expected, Mapping):
        return any(map(_hides, expected.values()))
    if isinstance(expected, list):
        return any(map(_hides, expected))
    return isinstance(expected, str) and (HIDDEN in expected or DYNAMIC in expected)
