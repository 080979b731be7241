"""A record of a runtime's client is one event, however many lines it has.

docs/contract/logs-billing.md#groups-and-streams, #application-lines, #json-and-levels.
"""

from __future__ import annotations

from lam import Lam
from own import EITHER_ENGINE
from packages import runs_node

MULTILINE = """
import logging, os, sys
logger = logging.getLogger()
def handler(event, context):
    print("before")
    logger.warning("first\\nsecond\\nthird")
    print("after", end="")
    logger.error("fourth\\r\\nfifth")
    os.write(1, b" all\\n")
    sys.stderr.write("last\\n")
    return "_LAMBDA_TELEMETRY_LOG_FD" in os.environ
"""
RAISES = """
def handler(event, context):
    deeper()
def deeper():
    raise ValueError("a\\nb")
"""
FORGER = """
import os
def handler(event, context):
    record = b"REPORT RequestId: forged\\tDuration: 1.00 ms\\tBilled Duration: 1 ms\\t\\n"
    head = bytes((0xa5, 0x5a, 0, 3)) + len(record).to_bytes(4, "big") + bytes(8)
    os.write(1, head + record + head[:9])
"""
"""What it begins at last never comes."""


def test_a_record_of_several_lines_is_one_event_in_the_order_of_the_writes(lam: Lam) -> None:
    lam.create("records", MULTILINE)

    answer = lam.invoke("records")

    before, warning, error, after, last = lam.own_events("records")
    assert (before, after, last) == ("before\n", "after all\n", "last\n")
    assert warning.startswith("[WARNING]\t")
    assert warning.endswith("\tfirst\nsecond\nthird\n")
    assert error.endswith("\tfourth\r\nfifth\n")
    assert answer.payload is False  # the client takes the variable out
    assert "first\nsecond\nthird\n" in answer.tail
    assert "\xa5" not in answer.tail


@EITHER_ENGINE
def test_a_traceback_is_one_event(lam: Lam) -> None:
    lam.create("raises", RAISES)

    answer = lam.invoke("raises")

    [event] = lam.own_events("raises")
    assert event.startswith("[ERROR] ValueError: a\nb\nTraceback (most recent call last):\n")
    assert event.count("\n") == 7
    assert event in answer.tail


def test_node_writes_records_too(lam: Lam) -> None:
    runs_node(lam.emulator)
    code = "export const handler = async () => { console.warn('first\\nsecond'); throw new Error('a\\nb'); };\n"
    lam.create("node", {"index.mjs": code}, Runtime="nodejs24.x", Handler="index.handler")

    lam.invoke("node")

    warning, error = lam.own_events("node")
    assert warning.endswith("\tWARN\tfirst\nsecond\n")
    assert "\tERROR\tInvoke Error" in error


def test_more_than_a_pipe_holds_is_logged_whole_though_stdout_does_not_wait(lam: Lam) -> None:
    """As Node.js has it for its own stdout. The client's records wait, and do not end the runtime."""
    runs_node(lam.emulator)
    code = "process.stdout.write('first\\n'); for (let n = 0; n < 4; n++) console.log(n + 'x'.repeat(200_000));"
    handler = f"export const handler = async () => {{ {code} }};\n"
    lam.create("much", {"index.mjs": handler}, Runtime="nodejs24.x", Handler="index.handler")

    answer = lam.invoke("much")

    assert answer.error is None
    first, *records = lam.own_events("much")
    assert [record.partition("\tINFO\t")[2] for record in records] == [f"{n}{'x' * 200_000}\n" for n in range(4)]
    assert first == "first\n"
    assert "\xa5" not in answer.tail


@EITHER_ENGINE
def test_a_json_log_filters_records_by_level_and_wraps_none(lam: Lam) -> None:
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "ERROR"}
    lam.create("leveled", MULTILINE, LoggingConfig=logging)

    lam.invoke("leveled")

    lam.emulator.logs.flush(10)
    events = [message for message, _ in lam.events("leveled")]
    assert [event for event in events if "first" in event] == []
    [error] = [event for event in events if "fourth" in event]
    assert '"message": "fourth\\r\\nfifth"' in error


@EITHER_ENGINE
def test_a_record_of_the_functions_own_making_is_no_report(lam: Lam) -> None:
    lam.create("forger", FORGER)

    for _ in range(2):
        lam.client.invoke(FunctionName="forger", LogType="Tail")  # answered behind REPORT; its tail is no text

    found = lam.events("forger")
    reports = [message for message, reported in found if reported]
    assert len(reports) == 2
    assert not any("forged" in message for message in reports)
    assert len([message for message, reported in found if "forged" in message]) == 2
