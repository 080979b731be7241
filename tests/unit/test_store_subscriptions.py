"""Whoever wants to know hears of every change of a kind of record, once it is on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from store_rig import ACCOUNT, REGION, new_function

from lambda_emu.arn import Scope
from lambda_emu.model.capacity.capacity_provider import CapacityProvider
from lambda_emu.model.function.code_signing import CodeSigningConfig
from lambda_emu.model.layers.layer import Layer
from lambda_emu.model.mappings.mapping import EventSourceMapping, MappingState
from lambda_emu.model.mappings.sources import SourceKind
from lambda_emu.store import Store, Table

SCOPE = Scope(ACCOUNT, REGION)
MAPPING = EventSourceMapping("m", SourceKind.SQS, "arn", MappingState.ENABLED, enabled=True, last_modified_s=0.0)
Of = Callable[[Store], Table[Any]]
KINDS = [
    pytest.param(lambda store: store.functions, new_function("f"), {"tags": {"a": "b"}}, id="functions"),
    pytest.param(lambda store: store.layers, Layer("l"), {"last_version": 1}, id="layers"),
    pytest.param(lambda store: store.mappings, MAPPING, {"enabled": False}, id="mappings"),
    pytest.param(
        lambda store: store.signing_configs, CodeSigningConfig("c", (), ""), {"tags": {"a": "b"}}, id="signing"
    ),
    pytest.param(lambda store: store.capacity_providers, CapacityProvider("p", "", 0.0), {"tags": {}}, id="providers"),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path)
    yield store
    store.close()


def put(store: Store, table: Table[Any], record: Any) -> None:
    store.write(lambda transaction: transaction.put(table, SCOPE, "key", record))


@pytest.mark.parametrize(("of", "record", "change"), KINDS)
def test_a_listener_hears_what_was_and_what_is(store: Store, of: Of, record: Any, change: dict[str, Any]) -> None:
    heard: list[tuple[Any, Any]] = []
    table, changed = of(store), replace(record, **change)
    store.subscribe(table, lambda before, after: heard.append((before, after)))

    put(store, table, record)
    put(store, table, changed)
    put(store, table, None)

    assert heard == [(None, record), (record, changed), (changed, None)]


def test_nobody_hears_of_other_kinds(store: Store) -> None:
    heard: list[Any] = []
    store.subscribe(store.layers, lambda *change: heard.append(change))

    put(store, store.mappings, MAPPING)

    assert heard == []


def test_who_hears_of_one_change_can_read_all_that_came_with_it(store: Store) -> None:
    seen: list[Any] = []
    store.subscribe(store.layers, lambda *_: seen.append(store.mappings.get(SCOPE, "key")))

    def both(transaction: Any) -> None:
        transaction.put(store.layers, SCOPE, "key", Layer("l"))
        transaction.put(store.mappings, SCOPE, "key", MAPPING)

    store.write(both)

    assert seen == [MAPPING]


def test_who_is_forgotten_by_a_reset_is_told_of(store: Store) -> None:
    heard: list[tuple[Any, Any]] = []
    put(store, store.mappings, MAPPING)
    store.subscribe(store.mappings, lambda before, after: heard.append((before, after)))

    store.clear()

    assert heard == [(MAPPING, None)]
