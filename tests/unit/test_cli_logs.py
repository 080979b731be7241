from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from lambda_emu.arn import Scope
from lambda_emu.cli import main
from lambda_emu.clock import Clock
from lambda_emu.logs.levels import Level
from lambda_emu.logs.records import Report
from lambda_emu.logs.store import LogStore
from lambda_emu.logs.stream import LogStream, Origin

OWN = Scope("000000000000", "us-east-1")
OTHER = Scope("999999999999", "eu-west-1")


@contextmanager
def writing(folder: Path) -> Iterator[Callable[[Scope], LogStream]]:
    """Makes streams of functions named hello; all is kept when the block ends."""
    store = LogStore(folder / "logs.db", 1 << 20, lambda callback: callback())
    store.start()

    def stream(scope: Scope) -> LogStream:
        of = ("/aws/lambda/hello", "s", scope.function("hello"), "$LATEST", "x86_64", 512)
        return LogStream(Origin(*of, "Text", Level.INFO, Level.INFO), store, Clock())

    yield stream
    store.stop()


def test_logs_are_read_from_the_data_directory_without_a_server(tmp_path: Path) -> None:
    with writing(tmp_path) as stream_of:
        stream = stream_of(OWN)
        stream.write_output(b"hello from inside\n")
        stream.write_platform(Report("id-1", 9.5, 1024, 36))

    result = CliRunner().invoke(main, ["logs", "hello", "--data-dir", str(tmp_path)])

    printed, report, price = result.stdout.splitlines()
    assert printed == "hello from inside"
    assert report.startswith("REPORT RequestId: id-1\tDuration: 9.50 ms\tBilled Duration: 10 ms")
    assert price == "PRICE $0.0000003667 (10 ms x 1024 MB), $0.37 per million"


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["hello"], "ours\n"),
        (["hello", "--account", OTHER.account, "--region", OTHER.region], "theirs\n"),
        ([OTHER.function("hello").arn()], "theirs\n"),
        ([OTHER.function("hello").arn(), "--account", OWN.account], "theirs\n"),
        ([f"{OTHER.account}:function:hello", "--region", OTHER.region], "theirs\n"),
    ],
)
def test_the_log_is_that_of_the_account_and_region_asked_for(
    tmp_path: Path, arguments: list[str], printed: str
) -> None:
    with writing(tmp_path) as stream_of:
        stream_of(OWN).write_output(b"ours\n")
        stream_of(OTHER).write_output(b"theirs\n")

    result = CliRunner().invoke(main, ["logs", *arguments, "--data-dir", str(tmp_path)])

    assert (result.stdout, result.stderr) == (printed, "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hello:live", "A function has one log for all its versions; ask for it without `:live`."),
        ("arn:aws:s3:::hello", "'arn:aws:s3:::hello' is neither a name nor the ARN of a function."),
    ],
)
def test_what_has_no_log_of_its_own_is_refused(tmp_path: Path, name: str, text: str) -> None:
    result = CliRunner().invoke(main, ["logs", name, "--data-dir", str(tmp_path)])

    assert (result.stderr, result.exit_code) == (f"Error: {text}\n", 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["helo"], "no log of 'helo', and no such function is known; did you mean 'hello'?"),
        (["nobody"], "no log of 'nobody', and no such function is known; there are hello."),
        (["hello", "--region", OTHER.region], "no log of 'hello', and no such function is known."),
    ],
)
def test_a_name_that_is_not_known_is_told_with_those_that_are(tmp_path: Path, arguments: list[str], said: str) -> None:
    with writing(tmp_path) as stream_of:
        stream_of(OWN).write_output(b"ours\n")

    result = CliRunner().invoke(main, ["logs", *arguments, "--data-dir", str(tmp_path)])

    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr == f"Error: {tmp_path / 'logs.db'} has {said}\n"


def test_a_function_of_the_project_may_have_logged_nothing_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = "functions: {hello: {runtime: python3.11, handler: app.handler, code: .}}"
    (tmp_path / "lambda-emu.yaml").write_text(project)
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, ["logs", "hello", "--data-dir", "data"])

    assert (result.stdout, result.stderr, result.exit_code) == ("", "hello has logged nothing yet.\n", 0)


def test_a_broken_log_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs.db").write_bytes(b"not a database" * 1000)

    result = CliRunner().invoke(main, ["logs", "hello", "--data-dir", str(tmp_path)])

    assert f"{tmp_path / 'logs.db'} cannot be read: file is not a database" in result.stderr
    assert result.exit_code == 2
