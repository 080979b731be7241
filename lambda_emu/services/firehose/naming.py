"""What objects are called: a prefix with its expressions, and behind it the stream, its version and the time.

An object has the same name however often it is written, so that one which is written again takes its own place.
docs/contract/events.md#firehose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from itertools import count

from msgspec import Struct

from lambda_emu.services.firehose import java_time

TIMESTAMP, FIREHOSE, FROM_LAMBDA = "timestamp", "firehose", "partitionKeyFromLambda"
ERROR_TYPE, RANDOM = "error-output-type", "random-string"
MOST_CHARACTERS = 512
RANDOM_CHARACTERS = 11
_EXPRESSION = re.compile(r"!\{([^:}]*):([^}]*)\}")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_LONG_S = 1_000_000_000.0
"""A Sunday in September, the words for which are the longest but for one letter."""
_HOURS = java_time.parse("yyyy/MM/dd/HH/")


class BadPrefix(ValueError):
    """The text says why."""


class Expression(Struct, frozen=True):
    """`!{namespace:value}`. time: the value, if it is the pattern of one."""

    namespace: str
    value: str
    time: Sequence[java_time.PatternPart] = ()


class Named(Struct, frozen=True):
    """What a name is made of. at_s: when the object's oldest record came. seed: the same for the same object.

    error_type: why its records are errors, in a word; None: they are none. keys: of its partition.
    """

    stream: str
    version: int
    at_s: float
    zone: tzinfo
    seed: str
    error_type: str | None = None
    keys: Mapping[str, str] = {}


class Prefix(Struct, frozen=True):
    """One that was read."""

    parts: tuple[str | Expression, ...] = ()

    @classmethod
    def read(cls, text: str) -> Prefix:
        """BadPrefix."""
        parts: list[str | Expression] = []
        at = 0
        for found in _EXPRESSION.finditer(text):
            parts += [text[at : found.start()], _expression(*found.groups())]
            at = found.end()
        parts.append(text[at:])
        if any("!{" in part for part in parts if isinstance(part, str)):
            raise BadPrefix("'!{' can only appear in expressions of the form !{namespace:value}")
        if sum(len(part) for part in parts if isinstance(part, str)) > MOST_CHARACTERS:
            raise BadPrefix(f"the prefix is longer than {MOST_CHARACTERS} characters")
        return cls(tuple(part for part in parts if part != ""))

    @property
    def has_expressions(self) -> bool:
        return any(isinstance(part, Expression) for part in self.parts)

    def has(self, namespace: str, value: str | None = None) -> bool:
        """An expression of this namespace, and of this value if one is said."""
        return any(
            isinstance(part, Expression) and part.namespace == namespace and value in (None, part.value)
            for part in self.parts
        )

    def keys(self) -> list[str]:
        """Those of a partition that it names."""
        return [part.value for part in self.parts if isinstance(part, Expression) and part.namespace == FROM_LAMBDA]

    def longest(self) -> int:
        """About how many characters it has at most, without keys of partitions."""
        return len(self.show(Named("", 1, _LONG_S, UTC, "", "processing-failed")))

    def show(self, named: Named) -> str:
        """What names no time has the hour behind it; what names no error, and has some, says of which kind they are."""
        time, random = datetime.fromtimestamp(named.at_s, named.zone), count()
        shown = "".join(part if isinstance(part, str) else _show(part, named, time, random) for part in self.parts)
        if named.error_type is not None and not self.has_expressions:
            shown += f"{named.error_type}/"
        elif named.error_type is not None or self.has(TIMESTAMP):
            return shown
        return shown + java_time.show(_HOURS, time)


def object_key(prefix: Prefix, named: Named, extension: str) -> str:
    time = datetime.fromtimestamp(named.at_s, named.zone)
    began = f"{prefix.show(named)}{named.stream}-{named.version}-{time:%Y-%m-%d-%H-%M-%S}"
    return f"{began}-{same_id(named.seed)}{extension}"


def same_id(seed: str) -> str:
    """An id in the form of a UUID, which is the same for the same seed."""
    digits = sha256(seed.encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def _expression(namespace: str, value: str) -> Expression:
    if namespace == TIMESTAMP:
        try:
            return Expression(namespace, value, java_time.parse(value))
        except java_time.BadPattern as error:
            raise BadPrefix(f"{value} is no pattern of a time: {error}") from None
    if namespace == FROM_LAMBDA and value:
        return Expression(namespace, value)
    if namespace == FIREHOSE and value in (ERROR_TYPE, RANDOM):
        return Expression(namespace, value)
    raise BadPrefix(f"!{{{namespace}:{value}}} is no expression that is known")


def _show(part: Expression, named: Named, time: datetime, random: count[int]) -> str:
    if part.namespace == TIMESTAMP:
        return java_time.show(part.time, time)
    if part.namespace == FROM_LAMBDA:
        return named.keys.get(part.value, "")
    if part.value == ERROR_TYPE:
        return named.error_type or ""
    digest = sha256(f"{named.seed} {next(random)}".encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:RANDOM_CHARACTERS])
