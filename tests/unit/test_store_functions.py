"""Functions in the store: what it acknowledged is on disk, and no change is lost or half made."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace
from store_rig import ACCOUNT, REGION, files_end_at, function_id, new_function

from lambda_emu.arn import Scope
from lambda_emu.model.function.function import Function
from lambda_emu.store import DataDirectoryInUse, NewerSchema, Store
from lambda_emu.store.schema import STEPS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path)
    yield store
    store.close()


def records(folder: Path) -> int:
    """How many functions another process would find."""
    connection = sqlite3.connect(folder / "lambda-emu.db")
    try:
        (count,) = connection.execute("SELECT count(*) FROM functions").fetchone()
    finally:
        connection.close()
    return int(count)


def count_up(function: Function) -> Function:
    return replace(function, reserved_concurrency=(function.reserved_concurrency or 0) + 1)


def test_what_was_written_is_on_disk_when_the_call_returns(store: Store, tmp_path: Path) -> None:
    store.create(new_function("f"))

    assert records(tmp_path) == 1

    store.remove(function_id("f"))

    assert records(tmp_path) == 0


def test_a_store_opened_again_has_what_was_acknowledged(tmp_path: Path) -> None:
    first = Store.open(tmp_path)
    first.create(new_function("f"))
    changed = first.change(function_id("f"), count_up)
    first.close()

    second = Store.open(tmp_path)

    assert second.functions.all(Scope(ACCOUNT, REGION)) == (changed,)
    second.close()


def test_functions_are_listed_by_name_within_their_account_and_region(store: Store) -> None:
    for name in ("b", "a", "c"):
        store.create(new_function(name))

    assert [function.id.name for function in store.functions.all(Scope(ACCOUNT, REGION))] == ["a", "b", "c"]
    assert store.functions.all(Scope(ACCOUNT, "eu-central-1")) == ()


def test_a_name_is_taken_once(store: Store) -> None:
    store.create(new_function("f", reserved_concurrency=1))

    with pytest.raises(KeyError):
        store.create(new_function("f", reserved_concurrency=2))

    assert store.function(function_id("f")) == new_function("f", reserved_concurrency=1)


def test_a_function_that_is_not_there_can_be_neither_changed_nor_removed(store: Store) -> None:
    with pytest.raises(KeyError):
        store.change(function_id("nobody"), count_up)
    with pytest.raises(KeyError):
        store.remove(function_id("nobody"))


def test_a_change_that_raises_leaves_everything_as_it_was(store: Store) -> None:
    store.create(new_function("f"))
    heard: list[object] = []
    store.subscribe(store.functions, lambda before, after: heard.append((before, after)))

    def refuse(_: Function) -> Function:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.change(function_id("f"), refuse)

    assert store.function(function_id("f")) == new_function("f")
    assert heard == []


def test_listeners_hear_what_was_and_what_is(store: Store) -> None:
    heard: list[tuple[Function | None, Function | None]] = []
    store.subscribe(store.functions, lambda before, after: heard.append((before, after)))

    store.create(new_function("f"))
    changed = store.change(function_id("f"), count_up)
    store.remove(function_id("f"))

    assert heard == [(None, new_function("f")), (new_function("f"), changed), (changed, None)]


def test_a_listener_that_raises_harms_nobody(store: Store) -> None:
    def fail(*_: Function | None) -> None:
        raise RuntimeError("a listener's mistake")

    heard: list[object] = []
    store.subscribe(store.functions, fail)
    store.subscribe(store.functions, lambda _, after: heard.append(after))

    store.create(new_function("f"))

    assert store.function(function_id("f")) == new_function("f")
    assert heard == [new_function("f")]


def test_many_writers_lose_no_change(store: Store) -> None:
    store.create(new_function("f"))

    with ThreadPoolExecutor(16) as threads:
        for _ in threads.map(lambda _: store.change(function_id("f"), count_up), range(200)):
            pass

    found = store.function(function_id("f"))
    assert found is not None
    assert found.reserved_concurrency == 200


def test_a_rule_about_several_functions_sees_changes_that_are_committed_with_it(store: Store) -> None:
    """Each wants one of 5 places; changes that wait together share a commit, and still only 5 get one."""
    names = [f"f{number}" for number in range(20)]
    for name in names:
        store.create(new_function(name))

    def reserve(function: Function, all_functions: Sequence[Function]) -> Function:
        if sum(other.reserved_concurrency or 0 for other in all_functions) >= 5:
            raise ValueError("full")
        return count_up(function)

    def attempt(name: str) -> bool:
        try:
            store.change_among(function_id(name), reserve)
        except ValueError:
            return False
        return True

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(attempt, names)) == 5


def test_data_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    newer = sqlite3.connect(tmp_path / "lambda-emu.db")
    newer.execute(f"PRAGMA user_version={len(STEPS) + 1}")
    newer.close()

    for _ in range(2):  # the first refusal must not keep the directory locked
        with pytest.raises(NewerSchema, match="was written by a newer lambda-emu"):
            Store.open(tmp_path)


def test_a_second_opener_is_told_who_has_the_directory(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    script = "import sys; from pathlib import Path; from lambda_emu.store import Store; Store.open(Path(sys.argv[1]))"

    second = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=False)

    assert "DataDirectoryInUse" in second.stderr
    assert "is in use by another lambda-emu (process " in second.stderr
    with pytest.raises(DataDirectoryInUse):
        Store.open(tmp_path)
    store.close()


def test_a_full_disk_is_told_to_the_writer_and_forgotten_when_there_is_room(store: Store, tmp_path: Path) -> None:
    store.create(new_function("f"))
    large = new_function("large", tags={"a": "x" * 1_000_000})
    size_bytes = max(path.stat().st_size for path in tmp_path.glob("lambda-emu.db*"))

    with files_end_at(size_bytes + 100_000):
        with pytest.raises(sqlite3.OperationalError):
            store.create(large)
        store.change(function_id("f"), count_up)

    assert store.function(large.id) is None
    store.create(large)
    assert records(tmp_path) == 2


def test_what_a_full_disk_refused_is_in_no_later_change(store: Store, tmp_path: Path) -> None:
    store.create(new_function("f"))
    size_bytes = max(path.stat().st_size for path in tmp_path.glob("lambda-emu.db*"))

    with files_end_at(size_bytes), pytest.raises(sqlite3.OperationalError):
        store.change(function_id("f"), lambda function: replace(function, tags={"a": "x" * 1_000_000}))
    store.change(function_id("f"), count_up)

    assert store.function(function_id("f")) == new_function("f", reserved_concurrency=1)


def test_who_comes_after_the_end_does_not_wait(store: Store) -> None:
    store.close()

    with pytest.raises(sqlite3.Error, match="closed"):
        store.create(new_function("f"))
