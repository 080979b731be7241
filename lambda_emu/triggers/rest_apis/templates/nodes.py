"""What a template is made of, once it is read."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Node(Struct, frozen=True, eq=False):
    """Of a template or of an expression in it."""


Block = tuple[Node, ...]


class Text(Node, frozen=True, eq=False):
    text: str


class Literal(Node, frozen=True, eq=False):
    value: str | int | float | bool | None


class Interpolated(Node, frozen=True, eq=False):
    """A text in double quotes, which is a template itself."""

    body: Block


class ListOf(Node, frozen=True, eq=False):
    items: Block


class RangeOf(Node, frozen=True, eq=False):
    first: Node
    last: Node


class MapOf(Node, frozen=True, eq=False):
    pairs: tuple[tuple[Node, Node], ...]


class Not(Node, frozen=True, eq=False):
    of: Node


class Binary(Node, frozen=True, eq=False):
    """operator: as `==`; words are written as their signs."""

    operator: str
    left: Node
    right: Node


class Property(Struct, frozen=True, eq=False):
    name: str


class Index(Struct, frozen=True, eq=False):
    key: Node


class Method(Struct, frozen=True, eq=False):
    name: str
    arguments: Block


Step = Property | Index | Method


class Reference(Node, frozen=True, eq=False):
    """`$name` and what is asked of it. default: of `${name|default}`."""

    name: str
    steps: tuple[Step, ...]
    default: Node | None = None


class Set(Node, frozen=True, eq=False):
    target: Reference
    value: Node


class If(Node, frozen=True, eq=False):
    """branches: the first whose condition holds; that of `#else` is None."""

    branches: tuple[tuple[Node | None, Block], ...]


class Foreach(Node, frozen=True, eq=False):
    name: str
    items: Node
    body: Block


class Define(Node, frozen=True, eq=False):
    """Rendered where its name is said."""

    name: str
    body: Block


class Call(Node, frozen=True, eq=False):
    """Of a macro; source: what stands there, where there is none. body: between `#@name()` and `#end`."""

    name: str
    arguments: Block
    source: str
    body: Block | None = None


class Leave(Node, frozen=True, eq=False):
    """kind: `break`, of a loop, or `stop`, of all."""

    kind: str


class Macro(Struct, frozen=True, eq=False):
    parameters: tuple[str, ...]
    body: Block


class Template(Struct, frozen=True, eq=False):
    """is_plain: it has no loops, macros or repeating expressions, so that it takes no longer than it is long."""

    body: Block
    macros: Mapping[str, Macro]
    is_plain: bool
