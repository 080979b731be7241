"""What `--event` of `invoke` means: a named event of the project, a file, or neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_emu.cli.named_events import read_event, save_event
from lambda_emu.cli.options import NotDone


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events" / "hello").mkdir(parents=True)
    (tmp_path / "events" / "hello" / "ada.json").write_text('{"name": "Ada"}')
    (tmp_path / "event.json").write_text('{"name": "Bob"}')
    (tmp_path / "ada").write_text('{"name": "Eve"}')
    return tmp_path


@pytest.mark.parametrize(
    ("written", "name"),
    [("ada", "Ada"), ("./ada", "Eve"), ("@ada", "Eve"), ("event.json", "Bob"), ("@event.json", "Bob")],
)
def test_a_name_is_that_of_an_event_and_else_of_a_file(folder: Path, written: str, name: str) -> None:
    assert read_event(written, folder, "hello") == b'{"name": "%s"}' % name.encode()


@pytest.mark.usefixtures("folder")
def test_where_no_project_is_there_are_files_alone() -> None:
    assert read_event("ada", None, "hello") == b'{"name": "Eve"}'
    with pytest.raises(NotDone, match=r"^There is no file bob\.$"):
        read_event("bob", None, "hello")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("adda", "There is no event 'adda' of hello, and no file adda; did you mean 'ada'?"),
        ("other", "There is no event 'other' of hello, and no file other; there are ada."),
        ("../ada", "There is no event '../ada' of hello, and no file ../ada"),
        ("@gone", "gone cannot be read: No such file or directory."),
        ("@.", ". cannot be read: Is a directory."),
    ],
)
def test_what_is_neither_is_told_with_what_there_is(folder: Path, written: str, said: str) -> None:
    with pytest.raises(NotDone) as told:
        read_event(written, folder, "hello")

    assert str(told.value).startswith(said)


def test_an_event_that_is_no_json_is_told_with_its_line(folder: Path) -> None:
    file = folder / "events" / "hello" / "bad.json"
    file.write_text('{\n"name" "Ada"}')

    with pytest.raises(NotDone) as told:
        read_event("bad", folder, "hello")

    assert str(told.value) == f"{file}:2: is not JSON: Expecting ':' delimiter."


def test_an_event_is_never_overwritten_nor_written_elsewhere(folder: Path) -> None:
    save_event(folder, "hello", "new", "{}")

    for name in ("new", "ada"):
        with pytest.raises(NotDone, match="is there already"):
            save_event(folder, "hello", name, "{}")
    for name in ("../up", "", ".hidden", "a/b", "x" * 65):
        with pytest.raises(NotDone, match="is no name of an event"):
            save_event(folder, "hello", name, "{}")
