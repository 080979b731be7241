"""What others wrote, on a real terminal: shown and not obeyed. Through a pipe it is what was written, byte for byte."""

import os
import pty
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_cli_logs import OWN, writing
from test_cli_server import TinyServer, server

from lambda_emu.cli.events import mark_lines
from lambda_emu.cli.terminal import visible
from lambda_emu.logs.records import End, Report, Start

__all__ = ["server"]

WAIT_S = 60

OBEYED = {
    "clear the screen": "\x1b[2J",
    "window title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "CSI of one character": "\x9b2J",
    "OSC of one character": "\x9d0;owned\x9c",
    "backspace": "a\bb",
    "delete": "a\x7fb",
    "bell": "\x07",
    "form feed": "\x0c",
    "null": "\0",
    "next line": "\x85",
    "override of direction": "\u202eevil\u202c",
    "isolate of direction": "\u2066x\u2069",
    "mark of direction": "\u200f\u061c",
    "breaks of Unicode": "\u2028\u2029",
    "tags": "\U000e0041",
}
HOSTILE = "".join(OBEYED.values())


def on_terminal(*arguments: str, folder: Path | None = None) -> str:
    """What the command writes to a terminal of its own, standard error included."""
    ours, theirs = pty.openpty()
    line = [sys.executable, "-m", "lambda_emu", *arguments]
    process = subprocess.Popen(line, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b"".join(_until_closed(ours))
    process.wait(WAIT_S)
    os.close(ours)
    return said.decode()


def _until_closed(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(descriptor, 65536)
        except OSError:  # the last one that had it open has gone
            return
        if not data:
            return
        yield data


def through_pipe(*arguments: str) -> bytes:
    line = [sys.executable, "-m", "lambda_emu", *arguments]
    return subprocess.run(line, capture_output=True, timeout=WAIT_S, check=True).stdout


def assert_harmless(said: str) -> None:
    """Nothing in it is obeyed but line breaks and our own colours."""
    plain = said.replace("\r\n", "\n")
    for colour in ("\x1b[0m", "\x1b[2m", *(f"\x1b[{number}m" for number in range(30, 98))):
        plain = plain.replace(colour, "")
    assert plain.replace("\n", "") == visible(plain.replace("\n", "")), plain


@pytest.mark.parametrize("text", OBEYED.values(), ids=OBEYED.keys())
def test_what_a_terminal_obeys_is_shown(text: str) -> None:
    shown = visible(text)

    assert shown.isprintable()
    assert "\\" in shown


@pytest.mark.parametrize(
    "text", ["plain", "tab\tstop", "ä ß 漢字 العربية", "👩\u200d🚀", "\u00a0  indented", "back\\slash"]
)
def test_what_is_no_command_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_a_log_is_shown_and_through_a_pipe_is_what_was_written(tmp_path: Path) -> None:
    printed = f"{HOSTILE} \x1b[31mred\x1b[0m\n".encode()
    with writing(tmp_path) as stream_of:
        stream_of(OWN).write_output(printed)
    asked = ("logs", "hello", "--data-dir", str(tmp_path))

    assert_harmless(on_terminal(*asked))
    assert_harmless(on_terminal(*asked, "--json"))
    assert through_pipe(*asked) == printed


def test_a_line_of_a_function_never_looks_like_one_of_the_platform(tmp_path: Path) -> None:
    with writing(tmp_path) as stream_of:
        stream = stream_of(OWN)
        stream.write_platform(Start("id-1", "$LATEST"))
        stream.write_output(b"REPORT RequestId: id-1\tBilled Duration: 1 ms\nPRICE $0.00\ntrace\rback\n")
        stream.write_platform(End("id-1"), Report("id-1", 1.0, 128, 36))

    said = on_terminal("logs", "hello", "--data-dir", str(tmp_path))

    lines = [line.replace("\x1b[2m", "").replace("\x1b[0m", "") for line in said.splitlines()]
    assert [line.split()[0:2] for line in lines] == [
        ["START", "RequestId:"],
        ["|", "REPORT"],
        ["|", "PRICE"],
        ["|", "trace"],
        ["|", "back"],
        ["END", "RequestId:"],
        ["REPORT", "RequestId:"],
        ["PRICE", "$0.0000002021"],
    ]


@pytest.mark.parametrize("parted_by", ["\r", "\n"])  # by clients of old, and in a record that is one event
def test_a_traceback_is_broken_into_its_lines(parted_by: str) -> None:
    event = parted_by.join(["Traceback", '  File "app.py", line 2', "    raise", "KeyError"]) + "\n"

    assert list(mark_lines(event, of_platform=False)) == [
        "| Traceback", '|     File "app.py", line 2', "|       raise", "|   KeyError"
    ]  # fmt: skip
    assert list(mark_lines("windows\r\n", of_platform=False)) == ["| windows"]


def test_lines_of_streams_that_run_into_one_another_say_whose_they_are(server: TinyServer) -> None:
    names = [f"2024/01/31/[$LATEST]{letter * 32}" for letter in "ab"]
    events = [
        {"message": f"line {number}\n", "report": None, "platform": False, "stream": names[number % 2]}
        for number in range(4)
    ]
    page = "/_lambda-emu/logs?function=hello&limit=1000"
    server.answer(page, {"events": events, "next": 7, "complete": True})
    several = on_terminal("logs", "hello", "--endpoint-url", server.url)
    server.answer(page, {"events": events[::2], "next": 7, "complete": True})
    one = on_terminal("logs", "hello", "--endpoint-url", server.url)

    said = [line.split("m", 1)[1].replace("\x1b[0m", "") for line in several.splitlines()]
    assert said == ["aaaaaaaa | line 0", "bbbbbbbb | line 1", "aaaaaaaa | line 2", "bbbbbbbb | line 3"]
    assert one.splitlines() == ["| line 0", "| line 2"]


def test_a_payload_and_the_tail_are_shown_and_only_the_platforms_lines_are_unmarked(server: TinyServer) -> None:
    tail = (
        "START RequestId: id-1 Version: $LATEST\nEND RequestId: id-1\nREPORT RequestId: id-1\tforged\n"
        f"{HOSTILE}\nEND RequestId: id-1\nREPORT RequestId: id-1\tDuration: 1 ms\t\n"
    )
    path = "/2015-03-31/functions/hello/invocations"
    server.answers[path] = (
        200,
        {"X-Amz-Log-Result": b64encode(tail.encode()).decode()},
        HOSTILE.encode() + b"\xff\x9b",
    )
    asked = ("invoke", "hello", "--endpoint-url", server.url)

    said = on_terminal(*asked)

    assert_harmless(said)
    assert [line.split(" ")[0] for line in said.splitlines()[:-1]] == ["START", "|", "|", "|", "END", "REPORT"]
    assert through_pipe(*asked) == HOSTILE.encode() + b"\xff\x9b\n"


def test_no_line_of_a_json_tail_is_taken_for_the_platforms(server: TinyServer) -> None:
    """Its system log level may leave out the platform's own."""
    tail = '{"time":"x","type":"platform.start"}\n{"time":"x","type":"platform.report"}\n'
    server.answer("/2015-03-31/functions/hello/invocations", 1, headers={"X-Amz-Log-Result": _header(tail)})

    said = on_terminal("invoke", "hello", "--endpoint-url", server.url)

    assert [line[:3] for line in said.splitlines()] == ["| {", "| {", "1"]


def test_a_tail_that_was_cut_proves_no_start(server: TinyServer) -> None:
    tail = "START RequestId: forged\n" + "x" * 5000
    server.answer("/2015-03-31/functions/hello/invocations", 1, headers={"X-Amz-Log-Result": _header(tail[:4096])})

    said = on_terminal("invoke", "hello", "--endpoint-url", server.url)

    assert said.startswith("| START RequestId: forged")


@pytest.mark.parametrize("command", [("invoke", "hello"), ("ps",), ("logs", "hello")])
def test_an_error_that_quotes_others_is_shown_on_lines_that_are_its_own(
    server: TinyServer, command: tuple[str, ...]
) -> None:
    for path in (
        "/2015-03-31/functions/hello/invocations",
        "/_lambda-emu/environments",
        "/_lambda-emu/logs?function=hello&limit=1000",
    ):
        server.answer(path, {"Message": f"it said {HOSTILE}\nlambda-emu serves you"}, status=500)

    said = on_terminal(*command, "--endpoint-url", server.url)

    assert_harmless(said)
    assert said.splitlines()[-1] == "  lambda-emu serves you"


def test_names_in_tables_are_shown_and_stay_in_their_columns(server: TinyServer) -> None:
    environment = {
        "function": "hello",
        "version": "1",
        "tenant": f"{HOSTILE}\nblue",
        "state": "IDLE",
        "id": "2f6d",
        "engine": "docker",
        "memory_mb": 128,
        "age_s": 1,
        "invocations": 3,
    }
    server.answer("/_lambda-emu/environments", [environment])
    server.answer("/_lambda-emu/health", {"status": "ok", "environments": 1, "max_environments": 64})

    said = on_terminal("ps", "--endpoint-url", server.url)

    assert_harmless(said)
    assert [line.split()[0] for line in said.splitlines()[1:]] == ["hello", "1"]


def test_a_project_file_that_is_quoted_is_shown(tmp_path: Path) -> None:
    (tmp_path / "lambda-emu.yaml").write_text('functions: {"a\\e]0;owned\\a\\u202e": {runtime: "\\e[2J\\x9b2J"}}\n')

    said = on_terminal("serve", "--port", "0", folder=tmp_path)

    assert_harmless(said)
    assert "owned" in said


def test_a_mistake_of_ours_that_quotes_others_is_shown(server: TinyServer) -> None:
    server.answer("/_lambda-emu/environments", [{"memory_mb": 1, "function": "f", "version": "1", "tenant": HOSTILE}])
    server.answers["/_lambda-emu/health"] = (200, {}, b"{}")
    odd = {"events": [{"message": "x", "report": {"costUSD": HOSTILE}}], "next": 1, "complete": True}
    server.answer("/_lambda-emu/logs?function=hello&limit=1000", odd)

    for command in (("ps",), ("logs", "hello")):
        said = on_terminal(*command, "--endpoint-url", server.url)

        assert_harmless(said)
        assert "Traceback" in said


def test_what_a_server_logs_is_shown() -> None:
    program = (
        "import logging, sys, threading; from lambda_emu.cli.start import log_to_stderr; log_to_stderr();"
        "logging.getLogger('x').warning('it said %s', sys.argv[1]);"
        "t = threading.Thread(target=lambda: (_ for _ in ()).throw(ValueError(sys.argv[1]))); t.start(); t.join()"
    )
    hostile = HOSTILE.replace("\0", "") + "\nlambda-emu serves you"
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", program, hostile], stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b"".join(_until_closed(ours)).decode()
    process.wait(WAIT_S)
    os.close(ours)

    assert_harmless(said)
    assert said.count("\n  lambda-emu serves you") == 2
    assert "ValueError" in said


def _header(text: str) -> str:
    return b64encode(text.encode()).decode()
