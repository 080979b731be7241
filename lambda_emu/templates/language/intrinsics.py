"""Functions of templates: Ref, Fn::Sub and the rest. Pure: what resources are is asked of `known`.

A function that needs what is not known yet stays as it is, with what is known in it, and is resolved again later.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.templates.elsewhere import Elsewhere
from lambda_emu.templates.language.document import Place, Template
from lambda_emu.templates.language.references import VARIABLE

Known = Callable[[str, str | None], Any]
"""What a resource is known by, or one of its attributes; NotYet where it is not made, KeyError where none is."""

MOST_CHARACTERS = 1_000_000
"""Of one text."""
MOST_MADE = 10_000_000
"""Characters of all that functions give in one template; what is in a list counts some more."""
MOST_STEPS = 1_000_000
MOST_CONDITIONS = 100
"""That need one another."""
MOST_MISTAKES = 100
MOST_TOLD = 1_000
"""Characters of a mistake."""
_CONDITIONS = ("Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition")


class NotYet(Exception):
    """What is asked for is not made yet."""


def not_yet(_: str, __: str | None) -> Any:
    """Known, where nothing is made."""
    raise NotYet


class Wrong(Exception):
    """A function that cannot be; the text says why."""


class TooLong(Wrong):
    def __init__(self) -> None:
        super().__init__(f"makes more than {MOST_CHARACTERS} characters")


class _Nothing:
    """What AWS::NoValue leaves of a member: nothing."""


NOTHING = _Nothing()


class Resolver:
    """Of one template. mistakes: what was found wrong, each with its place. imported: what other stacks say."""

    def __init__(
        self,
        template: Template,
        parameters: Mapping[str, Any],
        pseudo: Mapping[str, Any],
        known: Known,
        imported: Elsewhere | None = None,
    ) -> None:
        self.mistakes: list[str] = []
        self.imports: set[str] = set()
        self.outputs: set[tuple[str, str]] = set()
        self._imported = imported
        self._template = template
        self._values: Mapping[str, Any] = {**pseudo, **parameters}
        self._known = known
        self._conditions: dict[str, bool] = {}
        self._asked: list[str] = []
        self._steps = 0
        self._made = 0

    def value(self, node: Any, place: Place) -> Any:
        """The value at a place, as far as it is known. None after a mistake."""
        found = self._resolve(node, place)
        return None if found is NOTHING else found

    def hiding(self, hidden: Mapping[str, str]) -> Resolver:
        """The same with other values in place of some, where every condition holds that holds with those."""
        for name in self._template.section("Conditions"):
            self.condition(name, ("Conditions", name))
        other = Resolver(self._template, {**self._values, **hidden}, {}, self._known, self._imported)
        other._conditions = self._conditions
        return other

    def condition(self, name: str, place: Place) -> bool:
        """Whether a condition of the template holds; False after a mistake."""
        try:
            return self._condition(name)
        except Wrong as error:
            self._mistake(place, str(error))
            return False

    def _mistake(self, place: Place, text: str) -> None:
        told = f"{self._template.where(place)}: {text[:MOST_TOLD]}"
        if len(self.mistakes) < MOST_MISTAKES and told not in self.mistakes:
            self.mistakes.append(told)

    def _resolve(self, node: Any, place: Place) -> Any:
        self._steps += 1
        if self._steps > MOST_STEPS:
            if self._steps == MOST_STEPS + 1:
                self._mistake(place, f"takes more than {MOST_STEPS} steps")
            return None
        if isinstance(node, list):
            items = (self._resolve(item, (*place, number)) for number, item in enumerate(node))
            return [item for item in items if item is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name in _FUNCTIONS or name in _CONDITIONS[:4]:
                return self._call(name, argument, place)
        members = {name: self._resolve(member, (*place, name)) for name, member in node.items()}
        return {name: member for name, member in members.items() if member is not NOTHING}

    def _call(self, name: str, argument: Any, place: Place) -> Any:
        at = (*place, name)
        try:
            if name in _CONDITIONS:
                return self._holds({name: argument})
            return self._counted(_FUNCTIONS[name](self, argument, at))
        except NotYet:
            return {name: argument if name in ("Ref", "Fn::Sub", "Fn::If") else self._kept(argument, at)}
        except Wrong as error:
            self._mistake(at, f"{name}: {error}")
        except (TypeError, ValueError, KeyError, IndexError, AttributeError):
            self._mistake(at, f"{name}: takes no {_short(argument)}")
        return None

    def _counted(self, found: Any) -> Any:
        """What a function gives is written wherever it stands, however short its name is."""
        self._made += _size(found)
        if self._made > MOST_MADE:
            raise Wrong(f"makes more than {MOST_MADE} characters, with all other functions")
        return found

    def _kept(self, argument: Any, place: Place) -> Any:
        """With what is known in it."""
        return self._resolve(argument, place)

    def _whole(self, node: Any, place: Place) -> Any:
        """A value that must be known; NotYet."""
        found = self._resolve(node, place)
        if not is_known(found):
            raise NotYet
        return found

    # -- what is referred to

    def _ref(self, argument: Any, _: Place) -> Any:
        if not isinstance(argument, str):
            raise Wrong("must name a parameter or a resource")
        if argument == "AWS::NoValue":
            return NOTHING
        if argument in self._values:
            return self._values[argument]
        return self._of_resource(argument, None)

    def _get_att(self, argument: Any, place: Place) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) < 2:
            raise Wrong("must name a resource and an attribute of it")
        name, *attribute = (str(self._whole(part, place)) for part in parts)
        return self._of_resource(name, ".".join(attribute))

    def _of_resource(self, name: str, attribute: str | None) -> Any:
        resource = self._template.section("Resources").get(name)
        if resource is None:
            raise Wrong(f"there is no parameter and no resource {name!r}")
        try:
            return self._known(name, attribute)
        except KeyError:
            raise Wrong(f"{name}, {resource.get('Type')}, has no attribute {attribute!r} here") from None

    def _sub(self, argument: Any, place: Place) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else argument
        if not isinstance(text, str):
            raise Wrong("must be a text")

        left = MOST_CHARACTERS - len(text)

        def fill(found: re.Match[str]) -> str:
            nonlocal left
            if found[1]:
                return f"${{{found[2]}}}"
            meant = self._of_variable(found[2].strip(), variables, place)
            left -= len(meant)
            if left < 0:
                raise TooLong
            return meant

        return VARIABLE.sub(fill, text)

    def _of_variable(self, name: str, variables: Mapping[str, Any], place: Place) -> str:
        if name in variables:
            return _text(self._whole(variables[name], (*place, 1, name)))
        name, _, attribute = name.partition(".")
        return _text(self._get_att([name, attribute], place) if attribute else self._ref(name, place))

    def _find_in_map(self, argument: Any, place: Place) -> Any:
        *names, default = [*argument, None] if len(argument) == 3 else argument
        keys = [_text(self._whole(name, place)) for name in names]
        found: Any = self._template.section("Mappings")
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if found is None and isinstance(default, dict):
            return self._resolve(default["DefaultValue"], place)
        if found is None:
            raise Wrong(f"there is no {' / '.join(keys)} in Mappings")
        return found

    def _import(self, argument: Any, place: Place) -> Any:
        """NotYet where it is asked before any stack is."""
        name = _text(self._whole(argument, place))
        if self._imported is None:
            raise NotYet
        self.imports.add(name)
        return self._imported.export(name)

    def _output(self, argument: Any, place: Place) -> Any:
        """Of a stack that may change or go without this one. NotYet as above."""
        said = self._whole(argument, place)
        if not isinstance(said, dict) or not {"StackName", "OutputName"} <= said.keys():
            raise Wrong("must be a mapping with StackName and OutputName")
        if self._imported is None:
            raise NotYet
        region = None if said.get("Region") is None else _text(said["Region"])
        stack, name = _text(said["StackName"]), _text(said["OutputName"])
        self.outputs.add((stack, name))
        return self._imported.output(stack, name, region)

    def _transform(self, argument: Any, place: Place) -> Any:
        raise Wrong(f"is not read: {_short(argument)}")

    # -- texts and lists

    def _join(self, argument: Any, place: Place) -> str:
        separator, parts = argument
        found = self._whole(parts, place)
        if not isinstance(separator, str) or not isinstance(found, list):
            raise Wrong("must be a text and a list")
        texts = [_text(part) for part in found]
        if sum(map(len, texts)) + len(separator) * len(texts) > MOST_CHARACTERS:
            raise TooLong
        return separator.join(texts)

    def _split(self, argument: Any, place: Place) -> list[str]:
        separator, text = argument
        return _text(self._whole(text, place)).split(separator)

    def _select(self, argument: Any, place: Place) -> Any:
        index, parts = (self._whole(part, place) for part in argument)
        number = int(index)
        if not 0 <= number < len(parts):
            raise Wrong(f"there is no {number} in a list of {len(parts)}")
        return parts[number]

    def _base64(self, argument: Any, place: Place) -> str:
        return _bounded(base64.b64encode(_text(self._whole(argument, place)).encode()).decode())

    def _length(self, argument: Any, place: Place) -> int:
        return len(self._whole(argument, place))

    def _to_json(self, argument: Any, place: Place) -> str:
        found = self._whole(argument, place)
        if _size(found) > MOST_CHARACTERS:
            raise TooLong
        return _bounded(json.dumps(found, separators=(",", ":")))

    def _zones(self, argument: Any, place: Place) -> list[str]:
        region = self._whole(argument, place) or self._values["AWS::Region"]
        return [f"{region}{letter}" for letter in "abc"]

    def _cidr(self, argument: Any, place: Place) -> list[str]:
        block, count, *bits = (self._whole(part, place) for part in argument)
        network = ipaddress.ip_network(block)
        prefix = network.max_prefixlen - int(bits[0] if bits else 8)
        if not 1 <= int(count) <= 256:
            raise Wrong("makes 1 to 256 blocks")
        subnets = network.subnets(new_prefix=prefix)
        return [str(next(subnets)) for _ in range(int(count))]

    # -- conditions

    def _if(self, argument: Any, place: Place) -> Any:
        name, then, otherwise = argument
        holds = self._condition(name) if isinstance(name, str) else self._holds(name)
        return self._resolve(then if holds else otherwise, (*place, 1 if holds else 2))

    def _condition(self, name: str) -> bool:
        if name in self._conditions:
            return self._conditions[name]
        declared = self._template.section("Conditions")
        if name not in declared:
            raise Wrong(f"there is no condition {name!r}")
        if name in self._asked:
            raise Wrong(f"condition {name!r} needs itself")
        if len(self._asked) >= MOST_CONDITIONS:
            raise Wrong(f"more than {MOST_CONDITIONS} conditions need one another")
        self._asked.append(name)
        try:
            self._conditions[name] = self._holds(declared[name])
        finally:
            self._asked.pop()
        return self._conditions[name]

    def _holds(self, node: Any) -> bool:
        if not isinstance(node, dict) or len(node) != 1 or next(iter(node)) not in _CONDITIONS:
            raise Wrong(f"{_short(node)} is no condition")
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Wrong(f"takes more than {MOST_STEPS} steps")
        ((name, argument),) = node.items()
        if name == "Condition":
            return self._condition(str(argument))
        if not isinstance(argument, list) or not argument:
            raise Wrong(f"{name} must be a list")
        if name == "Fn::Equals":
            return self._equals(argument)
        held = [self._holds(part) for part in argument]
        return not held[0] if name == "Fn::Not" else all(held) if name == "Fn::And" else any(held)

    def _equals(self, argument: list[Any]) -> bool:
        if len(argument) != 2:
            raise Wrong("Fn::Equals must be a list of two")
        try:
            found = (self._whole(part, ("Conditions",)) for part in argument)
            one, other = ("" if part is NOTHING else part for part in found)
        except NotYet:
            raise Wrong("a condition cannot depend on a resource") from None
        return _text(one) == _text(other)


_FUNCTIONS: Mapping[str, Callable[[Resolver, Any, Place], Any]] = {
    "Ref": Resolver._ref,
    "Fn::Base64": Resolver._base64,
    "Fn::Cidr": Resolver._cidr,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::GetAZs": Resolver._zones,
    "Fn::GetAtt": Resolver._get_att,
    "Fn::GetStackOutput": Resolver._output,
    "Fn::If": Resolver._if,
    "Fn::ImportValue": Resolver._import,
    "Fn::Join": Resolver._join,
    "Fn::Length": Resolver._length,
    "Fn::Select": Resolver._select,
    "Fn::Split": Resolver._split,
    "Fn::Sub": Resolver._sub,
    "Fn::ToJsonString": Resolver._to_json,
    "Fn::Transform": Resolver._transform,
}


def is_known(value: Any) -> bool:
    """Whether nothing in it waits for a resource."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in _FUNCTIONS:
            return False
        return all(map(is_known, value.values()))
    return all(map(is_known, value)) if isinstance(value, list) else True


def _text(value: Any) -> str:
    """As CloudFormation writes a single value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise Wrong(f"{_short(value)} is no text")


def _bounded(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise TooLong
    return text


def _size(value: Any) -> int:
    """About how long it is when it is written."""
    if isinstance(value, dict):
        return sum(len(str(name)) + _size(member) + 10 for name, member in value.items())
    if isinstance(value, list):
        return sum(_size(part) + 10 for part in value)
    return len(value) if isinstance(value, str) else 1


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:80]}…"
