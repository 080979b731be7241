"""A YAML file whose values know where they stand. Mistakes are collected, so that all of them are told at once.

The file may be anybody's: its size, its depth and what it grows to by `<<` and aliases are bounded.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from lambda_emu.model.value_types import ValueType

MAX_BYTES = 256 * 1024  # some 4 s of the parser at worst
MAX_MEMBERS = 100_000  # looked at in all, each as often as an alias or a merge repeats it
MAX_MERGES = 32  # mappings merged into one another
MAX_DEPTH = 32
MAX_TOLD = 100
MAX_TEXT = 500

_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))


class _Unusable(Exception):
    """What is there is not to be read; the text says why."""


class Value(Struct, frozen=True):
    """A value of the file. path: `functions.hello.memory`; line: where it stands, or its key where it has one."""

    node: yaml.Node
    path: str
    line: int

    @property
    def is_null(self) -> bool:
        return self.node.tag == _NULL

    @property
    def is_mapping(self) -> bool:
        """Whether it has members; nothing counts as an empty mapping."""
        return self.is_null or isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def under(self, name: str, node: yaml.Node, line: int) -> Value:
        """A value inside this one."""
        return Value(node, f"{self.path}.{name}" if self.path else name, line)


class Document:
    """One file. `root` is None when it is empty, cannot be read or is not YAML; `mistakes` says which."""

    def __init__(self, path: Path, text: bytes | None = None) -> None:
        """text: in place of what the file says, in any length."""
        self.path = path
        self._text = text
        self._mistakes: list[tuple[int, str]] = []
        self._left = MAX_MEMBERS
        self.root = self._read()

    @property
    def mistakes(self) -> list[str]:
        """What was found so far, from top to bottom; the first MAX_TOLD, and how many more."""
        texts = [text for _, text in sorted(self._mistakes, key=lambda mistake: mistake[0])]
        more = len(texts) - MAX_TOLD
        return texts if more <= 0 else [*texts[:MAX_TOLD], f"{self.path.name}: and {more} more"]

    @property
    def mistake_count(self) -> int:
        return len(self._mistakes)

    def place(self, value: Value) -> str:
        """`lambda-emu.yaml:12: functions.hello.memory`."""
        return f"{self.path.name}:{value.line}" + (f": {value.path}" if value.path else "")

    def mistake(self, value: Value, text: str) -> None:
        """Keep one; `text` completes "functions.hello.memory: "."""
        self._mistakes.append((value.line, _clip(f"{self.place(value)}: {text}")))

    def members(self, value: Value, known: Collection[str] | None = None) -> dict[str, Value]:
        """The members of a mapping, an absent one being empty. known: the keys it may have, None: any."""
        found: dict[str, Value] = {}
        for key, member in self._pairs(value, ()):
            if known is not None and key not in known:
                advice = _advice(key, known) if self.mistake_count < MAX_TOLD else "as others"
                self.mistake(member, f"unknown key; {advice}")
            else:
                found[key] = member
        return found

    def items(self, value: Value) -> list[Value]:
        """The items of a list, an absent one being empty."""
        if value.is_null:
            return []
        if not isinstance(value.node, yaml.SequenceNode):
            self.mistake(value, "must be a list")
            return []
        if not self._spend(value, len(value.node.value)):
            return []
        nodes = enumerate(value.node.value)
        return [Value(node, f"{value.path}[{place}]", node.start_mark.line + 1) for place, node in nodes]

    def text(self, value: Value) -> str | None:
        """A single value as it is written; None when there is none, and after a mistake."""
        if value.is_null:
            return None
        if not isinstance(value.node, yaml.ScalarNode):
            self.mistake(value, "must be a single value")
            return None
        return str(value.node.value)

    def texts(self, value: Value) -> list[str]:
        """The items of a list, each a single value."""
        return [written for item in self.items(value) if (written := self.text(item)) is not None]

    def scalar(self, value: Value, kind: ValueType) -> Any:
        """A single value, None after a mistake."""
        if not isinstance(value.node, yaml.ScalarNode) or value.is_null:
            self.mistake(value, f"must be {kind.allowed}")
            return None
        return self.check(value, value.node.value, kind)

    def check(self, value: Value, written: str, kind: ValueType) -> Any:
        """What `written` means, None after a mistake. value: where it is written."""
        try:
            return kind.parse(written)
        except ValueError:
            self.mistake(value, f"{written!r} must be {kind.allowed}")
            return None

    def data(self, value: Value, depth: int = 0) -> Any:
        """What JSON could say too, as it is; None after a mistake."""
        if depth > MAX_DEPTH:
            self.mistake(value, f"nested deeper than {MAX_DEPTH}")
            return None
        if value.is_list:
            return [self.data(item, depth + 1) for item in self.items(value)]
        if isinstance(value.node, yaml.MappingNode):
            return {name: self.data(member, depth + 1) for name, member in self.members(value).items()}
        try:
            return _plain(value.node)
        except ValueError:
            self.mistake(value, "must be a text, a number, true, false or null")
            return None

    def _pairs(self, value: Value, within: tuple[yaml.Node, ...]) -> Iterator[tuple[str, Value]]:
        """A mapping's own members, then those that `<<` adds. within: the mappings that this one is merged into."""
        if value.is_null:
            return
        if not value.is_mapping or value.node in within:
            self.mistake(value, "must be a mapping")
            return
        if len(within) > MAX_MERGES:
            self.mistake(value, f"merges more than {MAX_MERGES} mappings into one another")
            return
        if not self._spend(value, 1 + len(value.node.value)):
            return
        found, merged = self._own(value)
        yield from found.items()
        for other in merged:
            for name, member in self._pairs(other, (*within, value.node)):
                if name not in found:
                    found[name] = value.under(name, member.node, member.line)
                    yield name, found[name]

    def _spend(self, value: Value, members: int) -> bool:
        """Whether so many may still be looked at. Told once, where it ends."""
        if 0 <= self._left < members:
            self.mistake(value, f"has grown beyond {MAX_MEMBERS} members, by `<<` or aliases")
        self._left -= members
        return self._left >= 0

    def _own(self, value: Value) -> tuple[dict[str, Value], list[Value]]:
        """What a mapping says itself, and the mappings that it names after `<<`."""
        own: dict[str, Value] = {}
        merged: list[Value] = []
        for key, node in value.node.value:
            member = value.under(str(key.value), node, key.start_mark.line + 1)
            if key.tag == _MERGE:
                merged += self.items(member) if isinstance(node, yaml.SequenceNode) else [member]
            elif not isinstance(key, yaml.ScalarNode):
                self.mistake(Value(key, value.path, member.line), "a key must be a text")
            elif key.value in own:
                self.mistake(member, f"written twice, first in line {own[key.value].line}")
            else:
                own[key.value] = member
        return own, merged

    def _read(self) -> Value | None:
        try:
            node = _compose(_spaced(self._bytes() if self._text is None else self._text))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._refuse(mark.line + 1 if mark else 1, f"not YAML: {error.problem}")
        except yaml.reader.ReaderError as error:
            self._refuse(1, f"not YAML: {error.reason}")
        except RecursionError:
            self._refuse(1, "nested too deep")
        except OSError as error:
            self._refuse(1, f"cannot be read: {error.strerror}")
        except _Unusable as error:
            self._refuse(1, str(error))
        else:
            return None if node is None else Value(node, "", node.start_mark.line + 1)
        return None

    def _bytes(self) -> bytes:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe makes nobody wait
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _Unusable("is not a file")
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise _Unusable(f"must be at most {MAX_BYTES} bytes long")
        return data

    def _refuse(self, line: int, text: str) -> None:
        self._mistakes.append((line, f"{self.path.name}:{line}: {text}"))


def _spaced(text: bytes) -> bytes:
    """JSON that is indented by tabs, which YAML cannot be; within its texts there are none."""
    if b"\t" not in text or not text.lstrip().startswith(b"{"):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text.replace(b"\t", b" ")


@lru_cache(maxsize=1)
def _compose(text: bytes) -> yaml.Node | None:
    """Kept, since a start reads the same file for its settings and for its functions, one after the other."""
    node: yaml.Node | None = yaml.compose(text, yaml.SafeLoader)  # the C loader dies of deep nesting
    return node


def forget() -> None:
    """Let go of the file that was read last."""
    _compose.cache_clear()


def _plain(node: yaml.Node) -> Any:
    """A scalar as YAML reads it; what is no number, truth or null is a text, dates too. ValueError."""
    if node.tag not in _PLAIN:
        return node.value
    found = yaml.constructor.SafeConstructor().construct_object(node)
    if isinstance(found, float) and not math.isfinite(found):
        raise ValueError(found)
    return found


def _advice(key: str, known: Collection[str]) -> str:
    from difflib import get_close_matches  # here: mistakes alone need it

    from lambda_emu.project.template_words import in_our_words

    meant = [word for word in in_our_words(key) if word in known] or get_close_matches(key, known, 1)
    return f"did you mean {meant[0]!r}?" if meant else f"known are {', '.join(known)}"


def _clip(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
