"""How records lie in the database: functions with a row for each version, everything else as one row a record."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.model.function.function import Function, FunctionVersion
from lambda_emu.store.codec import decode, encode, from_plain
from lambda_emu.store.table import Key

T = TypeVar("T", bound=Struct)


class FunctionRows:
    """A function's versions have a table of their own: what never changes is written once."""

    def load(self, connection: sqlite3.Connection) -> Iterator[tuple[Scope, str, Function]]:
        versions: dict[tuple[str, str, str], dict[int, FunctionVersion]] = {}
        for *key, number, record in connection.execute("SELECT * FROM versions ORDER BY number"):
            versions.setdefault((key[0], key[1], key[2]), {})[number] = decode(FunctionVersion, record)
        for account, region, name, record in connection.execute("SELECT * FROM functions"):
            function = decode_function(record, versions.get((account, region, name), {}))
            yield Scope(account, region), name, function

    def write(self, connection: sqlite3.Connection, key: Key, before: Function | None, after: Function | None) -> None:
        row = (key[0].account, key[0].region, key[1])
        if after is None:
            connection.execute("DELETE FROM functions WHERE account = ? AND region = ? AND name = ?", row)
            connection.execute("DELETE FROM versions WHERE account = ? AND region = ? AND name = ?", row)
            return
        connection.execute("INSERT OR REPLACE INTO functions VALUES (?, ?, ?, ?)", (*row, encode_function(after)))
        old = before.versions if before is not None else {}
        for number in old.keys() - after.versions.keys():
            connection.execute(
                "DELETE FROM versions WHERE account = ? AND region = ? AND name = ? AND number = ?", (*row, number)
            )
        for number, version in after.versions.items():
            if old.get(number) is not version:
                connection.execute(
                    "INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?, ?)", (*row, number, encode(version))
                )

    def artifacts(self, record: Function) -> set[str]:
        return {
            artifact.sha256
            for version in (record.latest, record.running, *record.published_versions())
            for artifact in (
                *([version.code] if version.image is None else []),
                *(layer.content for layer in version.layers),
            )
        }


def encode_function(function: Function) -> str:
    """Without its versions; `running` is left out while it is the same as `latest`."""
    same = ("running",) if function.running == function.latest else ()
    return encode(function, without=("versions", *same))


def decode_function(text: str, versions: Mapping[int, FunctionVersion]) -> Function:
    record = json.loads(text)
    same = "running" not in record
    function = from_plain(Function, {"running": record["latest"], **record})
    return replace(function, versions=versions, running=function.latest if same else function.running)


class RecordRows(Generic[T]):
    """Records of one kind as JSON, one a row."""

    def __init__(self, kind: str, type: type[T], artifacts: Callable[[T], set[str]] = lambda _: set()) -> None:
        """kind: its name in the table. artifacts: what a record needs."""
        self._kind = kind
        self._type = type
        self._artifacts = artifacts

    def load(self, connection: sqlite3.Connection) -> Iterable[tuple[Scope, str, T]]:
        rows = connection.execute("SELECT account, region, key, record FROM records WHERE kind = ?", (self._kind,))
        for account, region, key, record in rows:
            yield Scope(account, region), key, decode(self._type, record)

    def write(self, connection: sqlite3.Connection, key: Key, before: T | None, after: T | None) -> None:
        row = (self._kind, key[0].account, key[0].region, key[1])
        if after is None:
            connection.execute("DELETE FROM records WHERE kind = ? AND account = ? AND region = ? AND key = ?", row)
        else:
            connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)", (*row, encode(after)))

    def artifacts(self, record: T) -> set[str]:
        return self._artifacts(record)
