"""Templates rendered: statements in their order, expressions as Velocity has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lambda_emu.triggers.rest_apis.templates.budget import Budget
from lambda_emu.triggers.rest_apis.templates.failures import TemplateTooLong
from lambda_emu.triggers.rest_apis.templates.methods import call, item_of, key_of, property_of
from lambda_emu.triggers.rest_apis.templates.nodes import (
    Binary,
    Block,
    Call,
    Define,
    Foreach,
    If,
    Index,
    Interpolated,
    Leave,
    ListOf,
    Literal,
    MapOf,
    Method,
    Node,
    Not,
    Property,
    RangeOf,
    Reference,
    Set,
    Step,
    Template,
    Text,
)
from lambda_emu.triggers.rest_apis.templates.values import (
    JavaList,
    Value,
    are_equal,
    is_number,
    is_true,
    long,
    text_of,
)

MOST_ITERATIONS = 1_000
"""Of one loop, as on AWS: it then goes no further."""
MOST_CALLS = 20
"""Of macros and definitions within each other, as Velocity has it."""
MOST_RANGE = 100_000


class _Left(Exception):
    """`#break`, `#stop`."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


class _Block:
    """Of `#define`: rendered whenever it is said."""

    def __init__(self, body: Block) -> None:
        self.body = body


class Evaluation:
    """Of one template, once. names: what it starts with, and sets. TemplateFailure, BodyNotJson."""

    def __init__(self, template: Template, names: dict[str, Value], budget: Budget) -> None:
        self._template = template
        self._names = names
        self._budget = budget
        self._parts: list[str] = []
        self._calls = 0
        self._find: Mapping[type[Node], Callable[[Any], Value]] = {
            Literal: lambda node: node.value,
            Reference: self._reference,
            Interpolated: lambda node: self._text(node.body),
            ListOf: lambda node: JavaList(self._value(item) for item in node.items),
            RangeOf: self._range,
            MapOf: lambda node: {key_of(budget, self._value(key)): self._value(value) for key, value in node.pairs},
            Not: lambda node: not is_true(self._value(node.of)),
            Binary: self._binary,
        }
        self._do: Mapping[type[Node], Callable[[Any], None]] = {
            Text: lambda node: self._write(node.text),
            Reference: lambda node: self._write(text_of(self._reference(node), budget)),
            Set: self._set,
            If: self._if,
            Foreach: self._foreach,
            Define: self._define,
            Call: self._call,
            Leave: self._leave,
        }

    def text(self) -> str:
        try:
            return self._text(self._template.body)
        except _Left:
            return "".join(self._parts)
        except RecursionError as error:
            raise TemplateTooLong("It goes too deep") from error

    def _text(self, body: Block) -> str:
        outer, self._parts = self._parts, []
        try:
            self._run(body)
        except _Left as left:
            if left.kind == "stop":
                outer.extend(self._parts)
                self._parts = outer
            raise
        made, self._parts = "".join(self._parts), outer
        return made

    def _run(self, body: Block) -> None:
        for node in body:
            self._budget.spend()
            self._do[type(node)](node)

    def _write(self, text: str) -> None:
        self._budget.make(len(text))
        self._parts.append(text)

    def _value(self, node: Node) -> Value:
        self._budget.spend()
        return self._find[type(node)](node)

    def _reference(self, node: Reference) -> Value:
        value = self._names.get(node.name)
        if isinstance(value, _Block):
            value = self._rendered(value.body)
        value = self._followed(value, node.steps)
        return self._value(node.default) if value is None and node.default is not None else value

    def _followed(self, value: Value, steps: tuple[Step, ...]) -> Value:
        for step in steps:
            if value is None:
                return None
            if isinstance(step, Property):
                value = property_of(value, step.name)
            elif isinstance(step, Index):
                value = item_of(value, self._value(step.key))
            else:
                value = call(self._budget, value, step.name, [self._value(one) for one in step.arguments])
        return value

    def _rendered(self, body: Block) -> str:
        with self._called():
            return self._text(body)

    @contextmanager
    def _called(self) -> Iterator[None]:
        self._calls += 1
        if self._calls > MOST_CALLS:
            raise TemplateTooLong(f"More than {MOST_CALLS} macros or definitions call each other")
        try:
            yield
        finally:
            self._calls -= 1

    def _set(self, node: Set) -> None:
        value, target = self._value(node.value), node.target
        if not target.steps:
            self._names[target.name] = value
            return
        of = self._followed(self._names.get(target.name), target.steps[:-1])
        last = target.steps[-1]
        if isinstance(last, Method):
            return
        key = last.name if isinstance(last, Property) else self._value(last.key)
        if isinstance(of, dict):
            of[key_of(self._budget, key)] = value
        elif isinstance(of, list) and isinstance(key, int) and -len(of) <= key < len(of):
            of[key] = value

    def _if(self, node: If) -> None:
        for condition, body in node.branches:
            if condition is None or is_true(self._value(condition)):
                self._run(body)
                return

    def _foreach(self, node: Foreach) -> None:
        found = self._value(node.items)
        items = list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else []
        kept = {name: self._names.get(name) for name in (node.name, "foreach", "velocityCount", "velocityHasNext")}
        items = items[:MOST_ITERATIONS]
        for at, item in enumerate(items):
            has_next = at + 1 < len(items)
            self._names[node.name] = item
            self._names["foreach"] = {
                **{"index": at, "count": at + 1, "hasNext": has_next, "first": at == 0, "last": not has_next},
                "parent": kept["foreach"],
            }
            self._names["velocityCount"], self._names["velocityHasNext"] = at + 1, has_next
            try:
                self._run(node.body)
            except _Left as left:
                if left.kind != "break":
                    raise
                break
        self._names.update(kept)

    def _define(self, node: Define) -> None:
        self._names[node.name] = _Block(node.body)

    def _call(self, node: Call) -> None:
        macro = self._template.macros.get(node.name)
        if macro is None:
            self._write(node.source)
            return
        values = [self._value(one) for one in node.arguments]
        values += [None] * (len(macro.parameters) - len(values))
        given = dict(zip(macro.parameters, values, strict=False))
        if node.body is not None:
            given["bodyContent"] = _Block(node.body)
        kept = {name: self._names.get(name) for name in given}
        self._names.update(given)
        with self._called():
            self._run(macro.body)
        self._names.update(kept)

    def _leave(self, node: Leave) -> None:
        raise _Left(node.kind)

    def _range(self, node: RangeOf) -> Value:
        first, last = self._value(node.first), self._value(node.last)
        if not isinstance(first, int) or not isinstance(last, int):
            return None
        if abs(last - first) >= MOST_RANGE:
            raise TemplateTooLong(f"A range has more than {MOST_RANGE} numbers")
        self._budget.spend(abs(last - first) // 2)
        return JavaList(range(first, last + 1) if first <= last else range(first, last - 1, -1))

    def _binary(self, node: Binary) -> Value:
        operator = node.operator
        if operator in ("&&", "||"):
            left = is_true(self._value(node.left))
            return is_true(self._value(node.right)) if left == (operator == "&&") else left
        left, right = self._value(node.left), self._value(node.right)
        if operator in ("==", "!="):
            return are_equal(left, right, self._budget) == (operator == "==")
        if operator == "+" and (isinstance(left, str) or isinstance(right, str)):
            made = text_of(left, self._budget, nothing="null"), text_of(right, self._budget, nothing="null")
            self._budget.make(len(made[0]) + len(made[1]))
            return made[0] + made[1]
        if is_number(left) and is_number(right):
            return _calculated(operator, left, right)
        if operator in _ORDERS and isinstance(left, str) and isinstance(right, str):
            return _ORDERS[operator](left, right)
        return False if operator in _ORDERS else None


def _calculated(operator: str, left: Any, right: Any) -> Value:
    """Nothing, of a division by zero. Whole numbers stay whole."""
    order = _ORDERS.get(operator)
    if order is not None:
        return order(left, right)
    if operator in ("/", "%") and right == 0:
        return None
    is_whole = isinstance(left, int) and isinstance(right, int)
    try:
        if operator in ("/", "%") and is_whole:
            whole = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return long(whole if operator == "/" else left - whole * right)
        found = _NUMBERS[operator](left, right)
    except OverflowError:
        return None
    return long(found) if is_whole else found


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}
_NUMBERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": lambda left, right: left % right,
}
