"""Code on disk follows the records that name it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace
from store_rig import function_id, new_function
from zip_rig import zip_of

from lambda_emu.model.function.function import Artifact, Function, LayerReference
from lambda_emu.store import Store


def with_code(function: Function, code: Artifact, layers: tuple[LayerReference, ...] = ()) -> Function:
    latest = replace(function.latest, code=code, layers=layers)
    return replace(function, latest=latest, running=latest)


def added(store: Store, text: str) -> Artifact:
    return store.artifacts.add_zip(zip_of({"app.py": text}))


def test_a_start_removes_code_that_nothing_names(tmp_path: Path) -> None:
    first = Store.open(tmp_path)
    code, layer, nameless = (added(first, text) for text in "123")
    first.create(with_code(new_function("f"), code, (LayerReference("arn", layer),)))
    first.close()

    second = Store.open(tmp_path)
    second.close()

    assert [second.artifacts.zip_path(each.sha256).exists() for each in (code, layer, nameless)] == [True, True, False]


def test_an_update_in_progress_needs_the_old_code_and_the_new(tmp_path: Path) -> None:
    first = Store.open(tmp_path)
    old, new = (added(first, text) for text in "12")
    first.create(with_code(new_function("f"), old))
    first.change(function_id("f"), lambda f: replace(f, latest=replace(f.latest, code=new)))
    first.close()

    second = Store.open(tmp_path)
    second.close()

    assert [second.artifacts.zip_path(each.sha256).exists() for each in (old, new)] == [True, True]


def test_an_environment_may_still_start_from_code_that_was_just_replaced(tmp_path: Path) -> None:
    first = Store.open(tmp_path)
    first.create(with_code(new_function("f"), added(first, "1")))
    first.close()
    store = Store.open(tmp_path)  # so that the code was not just added
    old = store.functions.all(function_id("f").scope)[0].latest.code

    store.change(function_id("f"), lambda f: with_code(f, added(store, "2")))

    assert (store.artifacts.tree(old.sha256) / "app.py").read_text() == "1"
    store.close()


def test_a_change_is_made_even_where_old_code_cannot_be_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store.open(tmp_path)
    store.create(with_code(new_function("f"), added(store, "1")))
    shutil.rmtree(tmp_path / "artifacts")

    store.remove(function_id("f"))

    assert store.function(function_id("f")) is None
    assert "could not be removed" in caplog.text
    store.close()
