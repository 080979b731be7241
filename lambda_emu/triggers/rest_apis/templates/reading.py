"""Templates read into nodes, in time that is linear in their length."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from lambda_emu.triggers.rest_apis.templates.expressions import Expressions
from lambda_emu.triggers.rest_apis.templates.failures import TemplateInvalid
from lambda_emu.triggers.rest_apis.templates.nodes import (
    Block,
    Call,
    Define,
    Foreach,
    If,
    Leave,
    Macro,
    Node,
    Reference,
    Set,
    Template,
    Text,
)

MOST_TEMPLATE_BYTES = 300 * 1024
KEPT = 256
"""Templates that need not be read again."""

_PLAIN = re.compile(r"[^$#\\]+")
_BACKSLASHES = re.compile(r"\\+")
_DIRECTIVE = re.compile(r"#(@?)(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", re.ASCII)
_OPENING = re.compile(r"[ \t]*\(")
_LINE_END = re.compile(r"[ \t]*\r?\n")
_COMMENT = re.compile(r"##[^\n]*\n?")
_LOOP_NAME = re.compile(r"\s*\$!?\{?([A-Za-z_][\w-]*)\}?\s+in\s", re.ASCII)
_VARIABLE = re.compile(r"\s*\$!?\{?([A-Za-z_][\w-]*)\}?\s*,?", re.ASCII)
_MACRO_NAME = re.compile(r"\s*([A-Za-z_][\w-]*)\s*,?", re.ASCII)
_ENDS = ("end", "else", "elseif")
_REFUSED = ("include", "parse", "evaluate")


@lru_cache(KEPT)
def read_template(text: str) -> Template:
    """TemplateInvalid."""
    if len(text.encode("utf-8", "replace")) > MOST_TEMPLATE_BYTES:
        raise TemplateInvalid(f"It is larger than {MOST_TEMPLATE_BYTES} bytes")
    try:
        return _Reader(text, has_escapes=False).template()
    except TemplateInvalid as problem:
        try:
            return _Reader(text, has_escapes=True).template()
        except TemplateInvalid:
            raise problem from None


class _Reader:
    def __init__(self, text: str, *, has_escapes: bool, outer: _Reader | None = None) -> None:
        self._has_escapes = has_escapes
        self._macros: dict[str, Macro] = {} if outer is None else outer._macros
        self._depth: int = 0 if outer is None else outer._depth + 1
        self._is_plain = True
        self._on = Expressions(text, self._interpolated, has_escapes=has_escapes)
        self._text = text
        self._raw_until = text.rfind("]]#") + 3
        self._directives: dict[str, Callable[[], Node | None]] = {
            "set": self._set,
            "if": self._if,
            "foreach": self._foreach,
            "define": self._define,
            "macro": self._macro,
        }

    def template(self) -> Template:
        body, end = self._block()
        if end is not None:
            raise self._on.wrong(f"#{end} ends nothing")
        return Template(body, self._macros, self._is_plain and not self._on.may_take_long)

    def _interpolated(self, text: str) -> Block:
        if self._depth > 5:
            raise self._on.wrong("Texts stand too deep within each other")
        inner = _Reader(text, has_escapes=self._has_escapes, outer=self).template()
        self._is_plain = self._is_plain and inner.is_plain
        return inner.body

    def _block(self) -> tuple[Block, str | None]:
        """Up to what ends it, which is told: `end`, `else`, `elseif`; None: the end of the text."""
        nodes: list[Node] = []
        on, text = self._on, self._text
        with on.deeper():
            while on.at < len(text):
                if (plain := _PLAIN.match(text, on.at)) is not None:
                    on.at = plain.end()
                    nodes.append(Text(plain[0]))
                    continue
                sign = text[on.at]
                if sign == "\\":
                    nodes.append(self._escaped())
                elif sign == "$":
                    nodes.append(self._reference())
                else:
                    found = self._hash()
                    if isinstance(found, str):
                        return tuple(nodes), found
                    if found is not None:
                        nodes.append(found)
        return tuple(nodes), None

    def _escaped(self) -> Node:
        """Each pair before `$` or `#` is one; a single one keeps what follows from meaning anything."""
        found = _BACKSLASHES.match(self._text, self._on.at)
        slashes = "" if found is None else found[0]
        self._on.at += len(slashes)
        following = self._text[self._on.at : self._on.at + 1]
        if following not in ("$", "#"):
            return Text(slashes)
        if len(slashes) % 2 == 0:
            return Text(slashes[: len(slashes) // 2])
        self._on.at += 1
        return Text(slashes[: len(slashes) // 2] + following)

    def _reference(self) -> Node:
        reference = self._on.reference()
        if reference is None:
            self._on.at += 1
            return Text("$")
        return reference

    def _hash(self) -> Node | str | None:
        """A node, nothing, or what ends a block."""
        on, text = self._on, self._text
        if (comment := _COMMENT.match(text, on.at)) is not None:
            on.at = comment.end()
            return None
        if text.startswith("#*", on.at):
            end = text.find("*#", on.at + 2)
            on.at = len(text) if end < 0 else end + 2
            return None
        if text.startswith("#[[", on.at) and (end := text.find("]]#", on.at + 3, self._raw_until)) >= 0:
            raw, on.at = text[on.at + 3 : end], end + 3
            return Text(raw)
        found = _DIRECTIVE.match(text, on.at)
        if found is None:
            on.at += 1
            return Text("#")
        name, began = found[2] or found[3], on.at
        on.at = found.end()
        if name in _ENDS:
            if name != "elseif":
                self._end_line()
            return str(name)
        if name in ("break", "stop"):
            return Leave(name)
        if name in _REFUSED:
            raise on.wrong(f"#{name} is not served")
        return self._directive(name, began, has_body=bool(found[1]))

    def _directive(self, name: str, began: int, *, has_body: bool) -> Node | None:
        on = self._on
        opening = _OPENING.match(self._text, on.at)
        read = self._directives.get(name)
        if opening is None:
            if read is not None:
                raise on.wrong(f"#{name} has no parentheses")
            return Text(self._text[began : on.at])
        on.at = opening.end()
        return self._call(name, began, has_body=has_body) if read is None else read()

    def _call(self, name: str, began: int, *, has_body: bool) -> Node:
        on = self._on
        after_name = on.at
        try:
            arguments = on.arguments()
        except TemplateInvalid:
            if name in self._macros or has_body:
                raise
            on.at = after_name
            return Text(self._text[began:after_name])
        self._is_plain = False
        if not has_body:
            return Call(name, arguments, self._text[began : on.at])
        self._end_line()
        body = self._body(f"#@{name}")
        return Call(name, arguments, self._text[began : on.at], body)

    def _set(self) -> Node:
        on = self._on
        on.skip()
        target = on.reference() if self._text.startswith("$", on.at) else None
        if not isinstance(target, Reference):
            raise on.wrong("#set sets no reference")
        on.demand("=")
        value = on.expression()
        self._close()
        return Set(target, value)

    def _if(self) -> Node:
        branches: list[tuple[Node | None, Block]] = []
        condition: Node | None = self._condition()
        while True:
            body, end = self._block()
            branches.append((condition, body))
            if end == "end":
                return If(tuple(branches))
            if end is None or condition is None:
                raise self._on.wrong("#if has no #end")
            if end == "elseif":
                self._on.demand("(")
                condition = self._condition()
            else:
                condition = None

    def _condition(self) -> Node:
        condition = self._on.expression()
        self._close()
        return condition

    def _foreach(self) -> Node:
        name = self._named(_LOOP_NAME, "#foreach names no reference")
        items = self._on.expression()
        self._close()
        self._is_plain = False
        return Foreach(name, items, self._body("#foreach"))

    def _define(self) -> Node:
        name = self._named(_VARIABLE, "#define names no reference")
        self._close()
        self._is_plain = False
        return Define(name, self._body("#define"))

    def _macro(self) -> None:
        name = self._named(_MACRO_NAME, "#macro has no name")
        parameters = []
        while not self._on.taken(")"):
            parameters.append(self._named(_VARIABLE, "A parameter of #macro is no reference"))
        self._end_line()
        self._is_plain = False
        self._macros[name] = Macro(tuple(parameters), self._body("#macro"))

    def _body(self, of: str) -> Block:
        body, end = self._block()
        if end != "end":
            raise self._on.wrong(f"{of} has no #end")
        return body

    def _named(self, pattern: re.Pattern[str], problem: str) -> str:
        found = pattern.match(self._text, self._on.at)
        if found is None:
            raise self._on.wrong(problem)
        self._on.at = found.end()
        return found[1]

    def _close(self) -> None:
        self._on.demand(")")
        self._end_line()

    def _end_line(self) -> None:
        """What follows a directive on its line, if that is nothing but its end, belongs to it."""
        found = _LINE_END.match(self._text, self._on.at)
        self._on.at = self._on.at if found is None else found.end()
