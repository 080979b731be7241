"""What a user has a layer of others be: a folder, a zip, or a package of a registry. docs/configuration.md."""

from __future__ import annotations

import os
import re
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.model.value_types import ValueType

PIP, NPM = "pip:", "npm:"
_LAYER = r"arn:[a-z*-]{1,20}:lambda:[a-z0-9*-]{1,30}:(?:\d{12}|\*):layer:[a-zA-Z0-9_-]{1,140}(?::\d{1,9})?"
_NAME = r"[a-zA-Z0-9_-]{1,140}(?::\d{1,9})?"
_WHEEL = r"pip:[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9._-]+\])?(?:==[A-Za-z0-9][A-Za-z0-9.+!_-]*)?"
_MODULE = r"npm:(?:@[a-z0-9_.-]+/)?[a-z0-9_][a-z0-9_.-]*(?:@[A-Za-z0-9][A-Za-z0-9.+-]*)?"
_PAIR = re.compile(rf"({_LAYER}|{_NAME})=({_WHEEL}|{_MODULE}|(?!pip:|npm:)[^\0]+)", re.ASCII)


class LayerSource(Struct, frozen=True):
    """layer: an ARN, whose region and account may be `*`, or a name; of any version where it names none.

    what: a path, or `pip:` or `npm:` and what that is asked for.
    """

    layer: str
    what: str

    @property
    def is_package(self) -> bool:
        return self.what.startswith((PIP, NPM))

    def stands_for(self, arn: str) -> bool:
        """Whether it is meant for the layer version of this ARN."""
        layer = self.layer if self.layer.startswith("arn:") else f"arn:*:lambda:*:*:layer:{self.layer}"
        wanted, given = layer.split(":"), arn.split(":")
        return all(want in (part, "*") for want, part in zip(wanted, given, strict=False))

    def placed(self, base: Path) -> LayerSource:
        """With its path, if it has one, as an absolute one. base: what it is relative to."""
        return self if self.is_package else replace(self, what=os.path.abspath(base / Path(self.what).expanduser()))


def _parse(written: str) -> tuple[LayerSource, ...]:
    found = []
    for part in filter(None, map(str.strip, written.split(","))):
        match = _PAIR.fullmatch(part)
        if match is None:
            raise ValueError(part)
        found.append(LayerSource(match[1], match[2]))
    return tuple(found)


LAYER_SOURCES = ValueType(
    "pairs such as Tracing=./tracing or Tracing:3=pip:tracing==1.2, with commas between them", _parse, many=True
)
