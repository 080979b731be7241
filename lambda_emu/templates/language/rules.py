"""The section `Rules`: what must hold of the values of parameters before anything is made. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.declarations import ProjectError
from lambda_emu.templates.language.constraints import text_of
from lambda_emu.templates.language.document import Place, Template

STORED = "AWS::SSM::Parameter::Value<"
"""How the types of parameters begin whose values are in Systems Manager."""


class _Unknown(Exception):
    """What a rule asks is not known: an attribute of what a parameter names, or a value that is not looked up yet."""


class _Wrong(Exception):
    """No function of rules, or not what it takes."""


def check_rules(template: Template, values: Mapping[str, Any], *, is_looked_up: bool = False) -> None:
    """is_looked_up: whether values are what Systems Manager has, where parameters name that; else a rule that needs
    them is taken to hold. ProjectError.

    CloudFormation's words for a rule that is broken are not recorded (?): here they are its AssertDescription.
    """
    checking = _Checking(template, values, is_looked_up=is_looked_up)
    mistakes = [f"{template.where(place)}: {text}" for place, text in checking.broken()]
    if mistakes:
        raise ProjectError(mistakes)


class _Checking:
    def __init__(self, template: Template, values: Mapping[str, Any], *, is_looked_up: bool) -> None:
        self._template = template
        self._values = values
        self._is_looked_up = is_looked_up
        self._types = {
            name: str(one.get("Type")) for name, one in template.section("Parameters").items() if isinstance(one, dict)
        }

    def broken(self) -> Iterator[tuple[Place, str]]:
        for name, rule in self._template.section("Rules").items():
            said = rule if isinstance(rule, Mapping) else {}
            asserted = said.get("Assertions")
            if not isinstance(asserted, list):
                yield ("Rules", name), "must be a mapping with Assertions, a list"
                continue
            for number, one in enumerate(asserted):
                place: Place = ("Rules", name, "Assertions", number)
                if (text := self._complaint(said.get("RuleCondition"), one)) is not None:
                    yield place, text

    def _complaint(self, condition: Any, one: Any) -> str | None:
        """Why an assertion does not hold; None where it does, or its rule is about something else."""
        if not isinstance(one, Mapping) or "Assert" not in one:
            return "must be a mapping with Assert"
        try:
            if condition is not None and not self._holds(condition):
                return None
            return None if self._holds(one["Assert"]) else str(one.get("AssertDescription") or "does not hold")
        except _Unknown:
            return None
        except _Wrong as error:
            return str(error)

    def _holds(self, node: Any) -> bool:
        name, argument = _function(node)
        if not isinstance(argument, list) or not argument:
            raise _Wrong(f"{name} must be a list")
        if name == "Fn::Not":
            return not self._holds(argument[0])
        if name == "Fn::And":
            return all(map(self._holds, argument))
        if name == "Fn::Or":
            return any(map(self._holds, argument))
        if len(argument) != 2:
            raise _Wrong(f"{name} must be a list of two")
        one, other = (self._value(part) for part in argument)
        if name == "Fn::Equals":
            return bool(one == other)
        if name == "Fn::Contains":
            return other in _listed(one)
        if name == "Fn::EachMemberEquals":
            return all(member == other for member in _listed(one))
        if name == "Fn::EachMemberIn":
            return all(member in _listed(other) for member in _listed(one))
        raise _Wrong(f"{name} is no function of rules")

    def _value(self, node: Any) -> Any:
        """A text, or a list of texts."""
        if isinstance(node, list):
            return [text for part in node for text in _listed(self._value(part))]
        if not isinstance(node, Mapping):
            return text_of(node)
        name, argument = _function(node)
        if name == "Ref":
            return self._parameter(str(argument))
        if name == "Fn::RefAll":
            named = [parameter for parameter, type in self._types.items() if type == argument]
            return [text for parameter in named for text in _listed(self._parameter(parameter))]
        if name in ("Fn::ValueOf", "Fn::ValueOfAll"):
            raise _Unknown
        raise _Wrong(f"{name} is no function of rules")

    def _parameter(self, name: str) -> Any:
        if self._types.get(name, "").startswith(STORED) and not self._is_looked_up:
            raise _Unknown
        if name not in self._values:
            raise _Wrong(f"there is no parameter {name!r}")
        value = self._values[name]
        return [text_of(part) for part in value] if isinstance(value, list) else text_of(value)


def _function(node: Any) -> tuple[str, Any]:
    if not isinstance(node, Mapping) or len(node) != 1:
        raise _Wrong("must be a function of rules")
    ((name, argument),) = node.items()
    return str(name), argument


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
