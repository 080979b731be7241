"""Expressions and references of templates, read from where they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lambda_emu.triggers.rest_apis.templates.failures import TemplateInvalid
from lambda_emu.triggers.rest_apis.templates.nodes import (
    Binary,
    Block,
    Index,
    Interpolated,
    ListOf,
    Literal,
    MapOf,
    Method,
    Node,
    Not,
    Property,
    RangeOf,
    Reference,
    Step,
)

MOST_DEEP = 60
"""Parentheses, lists, blocks within each other."""
MOST_DIGITS = 300
WORDS = {"or": "||", "and": "&&", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
BINDING = {
    **{"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4},
    **{"+": 5, "-": 5, "*": 6, "/": 6, "%": 6},
}
"""How tight operators bind."""

BY_EXPRESSION = ("matches", "replaceAll", "replaceFirst", "split")
"""Methods that take a regular expression."""

_REPEATS = re.compile(r"[*+{]")
_NAME = r"[A-Za-z_][A-Za-z0-9_]*(?:-+[A-Za-z0-9_]+)*"
_REFERENCE = re.compile(rf"\$!?(\{{?)({_NAME})")
_PROPERTY = re.compile(rf"\.({_NAME})(\()?")
_INDEX = re.compile(r"""\[(?=\s*(?:[$"'(]|-?\d))""")
_OPERATOR = re.compile(r"\s*(\|\||&&|==|!=|<=|>=|[<>+\-*/%]|(?:or|and|eq|ne|lt|gt|le|ge)(?![A-Za-z0-9_]))")
_NOT = re.compile(r"!|not(?![A-Za-z0-9_])")
_NUMBER = re.compile(r"-?\d+(?:\.\d+(?:[eE][+-]?\d+)?)?", re.ASCII)
_WORD = re.compile(r"(true|false|null)(?![A-Za-z0-9_])")
_VALUES = {"true": True, "false": False, "null": None}
_SPACE = re.compile(r"\s*")
_STRINGS = {'"': re.compile(r'"((?:[^"]|"")*)"'), "'": re.compile(r"'((?:[^']|'')*)'")}
_ESCAPED_STRINGS = {'"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.S), "'": re.compile(r"'((?:[^'\\]|\\.)*)'", re.S)}


class Expressions:
    """Reads on from `at`. TemplateInvalid.

    has_escapes: a backslash before a quote keeps a text from ending. Velocity has no such thing; where a template makes
    no sense without it, it is read so.
    """

    def __init__(self, text: str, interpolate: Callable[[str], Block], *, has_escapes: bool) -> None:
        self.text = text
        self.at = 0
        self._interpolate = interpolate
        self._has_escapes = has_escapes
        self._deep = 0
        self.may_take_long = False
        """Whether it has regular expressions that repeat, or that nobody knows yet."""

    def expression(self, binding: int = 1) -> Node:
        with self.deeper():
            left = self._operand()
            while (found := _OPERATOR.match(self.text, self.at)) is not None:
                operator = WORDS.get(found[1], found[1])
                if BINDING[operator] < binding:
                    break
                self.at = found.end()
                left = Binary(operator, left, self.expression(BINDING[operator] + 1))
            return left

    def reference(self) -> Reference | None:
        """None: what stands here is no reference, but text."""
        began, found = self.at, _REFERENCE.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        steps, default = tuple(self._steps()), None
        if found[1]:
            if self.text.startswith("|", self.at):
                self.at += 1
                default = self.expression()
                self.skip()
            if not self.text.startswith("}", self.at):
                self.at = began
                return None
            self.at += 1
        return Reference(found[2], steps, default)

    def arguments(self, end: str = ")") -> Block:
        """Up to the closing bracket; commas between them may be missing."""
        found: list[Node] = []
        while not self.taken(end):
            found.append(self.expression())
            self.taken(",")
        return tuple(found)

    def taken(self, sign: str) -> bool:
        """Whether this comes next, which is read then."""
        self.skip()
        if not self.text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True

    def demand(self, sign: str) -> None:
        if not self.taken(sign):
            raise self.wrong(f"{sign!r} is missing")

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = self.at if found is None else found.end()

    def wrong(self, problem: str) -> TemplateInvalid:
        return TemplateInvalid(problem, self.text, self.at)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        self._deep += 1
        if self._deep > MOST_DEEP:
            raise self.wrong(f"More than {MOST_DEEP} expressions or blocks stand within each other")
        try:
            yield
        finally:
            self._deep -= 1

    def _steps(self) -> Iterator[Step]:
        while True:
            if (found := _PROPERTY.match(self.text, self.at)) is not None:
                self.at = found.end()
                if found[2]:
                    yield self._method(found[1])
                else:
                    yield Property(found[1])
            elif (found := _INDEX.match(self.text, self.at)) is not None:
                self.at = found.end()
                yield Index(self.expression())
                self.demand("]")
            else:
                return

    def _method(self, name: str) -> Method:
        arguments = self.arguments()
        if name in BY_EXPRESSION and arguments:
            pattern = arguments[0].value if isinstance(arguments[0], Literal) else None
            self.may_take_long = self.may_take_long or not isinstance(pattern, str) or bool(_REPEATS.search(pattern))
        return Method(name, arguments)

    def _operand(self) -> Node:
        self.skip()
        if (found := _NOT.match(self.text, self.at)) is not None:
            self.at = found.end()
            with self.deeper():
                return Not(self._operand())
        sign = self.text[self.at : self.at + 1]
        if sign == "$":
            reference = self.reference()
            if reference is not None:
                return reference
        elif sign in ('"', "'"):
            return self._string(sign)
        elif sign == "(":
            self.at += 1
            inner = self.expression()
            self.demand(")")
            return inner
        elif sign == "[":
            self.at += 1
            return self._list()
        elif sign == "{":
            self.at += 1
            return self._map()
        elif (found := _NUMBER.match(self.text, self.at)) is not None:
            self.at = found.end()
            return Literal(self._number(found[0]))
        elif (found := _WORD.match(self.text, self.at)) is not None:
            self.at = found.end()
            return Literal(_VALUES[found[1]])
        raise self.wrong("An expression is expected")

    def _number(self, digits: str) -> int | float:
        if len(digits) > MOST_DIGITS:
            raise self.wrong("A number is too long")
        return int(digits) if digits.lstrip("-").isdigit() else float(digits)

    def _string(self, quote: str) -> Node:
        found = (_ESCAPED_STRINGS if self._has_escapes else _STRINGS)[quote].match(self.text, self.at)
        if found is None:
            raise self.wrong("A text has no end")
        self.at = found.end()
        text = found[1].replace("\\" + quote, quote) if self._has_escapes else found[1].replace(quote * 2, quote)
        if quote == '"' and ("$" in text or "#" in text):
            with self.deeper():
                return Interpolated(self._interpolate(text))
        return Literal(text)

    def _list(self) -> Node:
        with self.deeper():
            items: list[Node] = []
            while not self.taken("]"):
                items.append(self.expression())
                if len(items) == 1 and self.taken(".."):
                    last = self.expression()
                    self.demand("]")
                    return RangeOf(items[0], last)
                self.taken(",")
            return ListOf(tuple(items))

    def _map(self) -> Node:
        with self.deeper():
            pairs: list[tuple[Node, Node]] = []
            while not self.taken("}"):
                key = self.expression()
                self.demand(":")
                pairs.append((key, self.expression()))
                self.taken(",")
            return MapOf(tuple(pairs))
