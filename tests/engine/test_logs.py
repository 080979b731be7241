"""What `lambda-emu logs` shows of functions that ran.

docs/contract/logs-billing.md#groups-and-streams, #platform-lines, #json-and-levels.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lam import Lam
from own import EITHER_ENGINE, QUICKER, own_emulator

STREAM = r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}"
INIT_START = (
    r"INIT_START Runtime Version: python:3\.11\.v\d+\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:\w+"
)
TELLER = """
import os, sys
def handler(event, context):
    for line in event["lines"]: sys.stdout.write(line)
    sys.stdout.flush()
    if "exit" in event: os._exit(event["exit"])
    return context.log_stream_name
"""
JSON_LOGGER = """
import logging
logging.getLogger().setLevel("DEBUG")
def handler(event, context):
    print("plain")
    logging.info("quiet")
    logging.warning("loud %s", "indeed", extra={"order": 7})
"""


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "lambda_emu", "logs", *map(str, arguments)]


def lines(*arguments: str | Path) -> list[str]:
    """What the command prints."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


def served_by(lam: Lam) -> tuple[str | Path, ...]:
    """Options that lead to this server, and to the token of its own pages."""
    return "--endpoint-url", lam.emulator.url, "--data-dir", lam.emulator.settings.data_dir


def events(lam: Lam, name: str) -> list[dict[str, Any]]:
    """All events of a function's log, which outlives the function: no other test may use the name."""
    lam.emulator.logs.flush(10)
    return [json.loads(line) for line in lines(name, "--json", *served_by(lam))]


@EITHER_ENGINE
def test_functions_of_one_name_in_two_accounts_have_a_log_each(lam: Lam) -> None:
    account, region = "111122223333", "eu-west-1"
    theirs = Lam(lam.emulator, account, region)
    for caller, line in ((lam, "ours\n"), (theirs, "theirs\n")):
        caller.create("twin", TELLER)
        caller.invoke("twin", {"lines": [line]})

    arn = theirs.client.get_function_configuration(FunctionName="twin")["FunctionArn"]
    printed = {name: [event["message"] for event in events(lam, name)] for name in ("twin", arn)}
    theirs.close()

    assert arn == f"arn:aws:lambda:{region}:{account}:function:twin"
    assert ("ours\n" in printed["twin"], "theirs\n" in printed["twin"]) == (True, False)
    assert ("ours\n" in printed[arn], "theirs\n" in printed[arn]) == (False, True)


def test_the_log_of_an_environment_begins_with_its_runtimes_version(lam: Lam) -> None:
    lam.create("teller", TELLER)
    first = lam.invoke("teller", {"lines": ["one\n"]})
    second = lam.invoke("teller", {"lines": ["two\n"]})
    lam.emulator.logs.flush(10)

    shown = lines("teller", *served_by(lam))

    assert re.fullmatch(INIT_START, shown[0])
    assert shown[1:3] == [f"START RequestId: {first.request_id} Version: $LATEST", "one"]
    assert shown[3] == f"END RequestId: {first.request_id}"
    assert "Init Duration" in shown[4]
    assert shown[6] == f"START RequestId: {second.request_id} Version: $LATEST"
    assert "INIT_START" not in first.tail


@EITHER_ENGINE
def test_each_report_has_its_price(lam: Lam) -> None:
    lam.create("priced", TELLER, MemorySize=256)
    tail = lam.invoke("priced", {"lines": []})

    (report,) = [event["report"] for event in events(lam, "priced") if event["report"]]

    assert report["requestId"] == tail.request_id
    assert (report["billedDurationMs"], report["memorySizeMB"]) == (int(str(tail.report["billed"])), 256)
    assert float(report["costUSD"]) == pytest.approx(2e-7 + report["billedDurationMs"] / 1000 * 0.25 * 0.0000166667)
    shown = lines("priced", *served_by(lam))
    assert shown[-1].startswith(f"PRICE ${float(report['costUSD']):.10f} ({report['billedDurationMs']} ms x 256 MB)")


def test_what_is_printed_is_cut_at_newlines_alone(lam: Lam) -> None:
    lam.create("cutter", TELLER)
    lam.invoke("cutter", {"lines": ["one\ntwo\n", "a\rb\n", "par", "tial"]})
    lam.invoke("cutter", {"lines": ["\n", "Größe \U0001f980\n"]})

    shown = [event["message"] for event in events(lam, "cutter")]

    own = [line for line in shown if not re.match("INIT_START|START|END|REPORT", line)]
    assert own == ["one\n", "two\n", "a\rb\n", "partial", "\n", "Größe \U0001f980\n"]


@EITHER_ENGINE
def test_streams_are_named_as_cloudwatch_names_them(lam: Lam) -> None:
    lam.create("streamer", TELLER)
    stream = lam.invoke("streamer", {"lines": []}).payload

    found = {(event["group"], event["stream"]) for event in events(lam, "streamer")}

    assert found == {("/aws/lambda/streamer", stream)}
    assert re.fullmatch(STREAM, stream)


@EITHER_ENGINE
def test_in_a_group_of_ones_own_the_streams_name_the_function(lam: Lam) -> None:
    lam.create("grouped", TELLER, LoggingConfig={"LogGroup": "/team/blue"})
    stream = lam.invoke("grouped", {"lines": []}).payload

    found = {(event["group"], event["stream"]) for event in events(lam, "grouped")}

    assert found == {("/team/blue", stream)}
    assert re.fullmatch(STREAM.replace(r"\[", r"grouped\[", 1), stream)


def test_a_crash_ends_with_a_report_that_names_it(lam: Lam) -> None:
    lam.create("crasher", TELLER)
    answer = lam.invoke("crasher", {"lines": ["last words"], "exit": 3})

    shown = [event["message"] for event in events(lam, "crasher")]

    assert shown[2:4] == ["last words", f"END RequestId: {answer.request_id}\n"]
    assert shown[4].endswith("\tStatus: error\tError Type: Runtime.ExitError\t\n")


@EITHER_ENGINE
def test_a_json_log_holds_objects_from_its_levels_up(lam: Lam) -> None:
    levels = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "INFO"}
    lam.create("structured", JSON_LOGGER, LoggingConfig=levels)
    answer = lam.invoke("structured", {})

    shown = [json.loads(event["message"]) for event in events(lam, "structured")]

    assert [record.get("type") for record in shown] == ["platform.initStart", "platform.start", None, "platform.report"]
    application = shown[2]
    assert (application["level"], application["message"]) == ("WARNING", "loud indeed")
    assert (application["requestId"], application["order"]) == (answer.request_id, 7)
    assert shown[3]["record"]["requestId"] == answer.request_id
    assert shown[3]["record"]["metrics"]["memorySizeMB"] == 128


@EITHER_ENGINE
def test_a_json_log_wraps_plain_lines(lam: Lam) -> None:
    lam.create("wrapped", JSON_LOGGER, LoggingConfig={"LogFormat": "JSON"})
    answer = lam.invoke("wrapped", {})

    shown = [json.loads(event["message"]) for event in events(lam, "wrapped")]

    (plain,) = [record for record in shown if record.get("message") == "plain"]
    assert (plain["level"], plain["requestId"]) == ("INFO", answer.request_id)


@EITHER_ENGINE
def test_follow_goes_on_until_it_is_interrupted(lam: Lam) -> None:
    lam.create("followed", TELLER)
    lam.invoke("followed", {"lines": ["before\n"]})
    line = command("followed", "--follow", *served_by(lam))

    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        first = follower.stdout.readline()
        lam.invoke("followed", {"lines": ["after\n"]})
        shown = [first, *iter(follower.stdout.readline, "after\n")]
        follower.send_signal(signal.SIGINT)
        try:
            assert follower.wait(10) == 0
        finally:
            follower.kill()
    assert shown[0].startswith("INIT_START")
    assert "before\n" in shown


@pytest.mark.parametrize("engine", QUICKER)
def test_logs_survive_a_restart(engine: str, tmp_path: Path) -> None:
    with own_emulator(tmp_path, engine, stems=0) as first:
        first.create("teller", TELLER)
        first.invoke("teller", {"lines": ["first\n"]})

    between = lines("teller", "--data-dir", tmp_path / ".lambda-emu")
    with own_emulator(tmp_path, engine, stems=0) as second:
        second.invoke("teller", {"lines": ["second\n"]})
    after = lines("teller", "--data-dir", tmp_path / ".lambda-emu")

    assert "first" in between
    assert after[: len(between)] == between
    assert [line for line in after if line in ("first", "second")] == ["first", "second"]
