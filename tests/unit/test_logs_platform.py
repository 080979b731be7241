import json

import pytest

from lambda_emu.logs.levels import Level
from lambda_emu.logs.platform import lines_of
from lambda_emu.logs.records import (
    End,
    InitReport,
    InitRuntimeDone,
    InitStart,
    Record,
    Report,
    RuntimeDone,
    Span,
    Start,
    Tracing,
)

ID = "8286a188-ba32-4475-8077-530cd35c09a9"
ARN = "arn:aws:lambda:us-east-1::runtime:c54f"
NOW_S = 1704067200.1235
"""2024-01-01T00:00:00.123Z"""

# docs/contract/logs-billing.md#platform-lines: every case of its tables that a managed on-demand function has.
TEXT = [
    (
        InitStart("f", "$LATEST", "python:3.13.v62", ARN),
        f"INIT_START Runtime Version: python:3.13.v62\tRuntime Version ARN: {ARN}\n",
    ),
    (InitStart("f", "$LATEST"), None),
    (InitStart("f", "$LATEST", "python:3.13.v62", ARN, phase="invoke"), None),
    (InitRuntimeDone(), None),
    (InitReport(84.0), None),
    (InitReport(1236.04, "timeout"), "INIT_REPORT Init Duration: 1236.04 ms\tPhase: init\tStatus: timeout\t\n"),
    (
        InitReport(12.5, "error", "Extension.Crash", phase="invoke"),
        "INIT_REPORT Init Duration: 12.50 ms\tPhase: invoke\tStatus: error\tError Type: Extension.Crash\t\n",
    ),
    (Start(ID, "$LATEST"), f"START RequestId: {ID} Version: $LATEST\n"),
    (RuntimeDone(ID, 1.0, 2), None),
    (End(ID), f"END RequestId: {ID}\n"),
    (
        Report(ID, 3.01, 128, 36, init_ms=110.1),
        f"REPORT RequestId: {ID}\tDuration: 3.01 ms\tBilled Duration: 114 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 36 MB\tInit Duration: 110.10 ms\t\n",
    ),
    (
        Report(ID, 2.9, 128, 36),
        f"REPORT RequestId: {ID}\tDuration: 2.90 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 36 MB\t\n",
    ),
    (
        Report(ID, 3000.0, 128, 31, init_ms=84.0, status="timeout"),
        f"REPORT RequestId: {ID}\tDuration: 3000.00 ms\tBilled Duration: 3084 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 31 MB\tInit Duration: 84.00 ms\tStatus: timeout\t\n",
    ),
    (
        Report(ID, 2.9, 128, 36, status="error", error_type="Runtime.ExitError"),
        f"REPORT RequestId: {ID}\tDuration: 2.90 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 36 MB\tStatus: error\tError Type: Runtime.ExitError\t\n",
    ),
    (
        Report(ID, 2.9, 128, 36, status="failure", error_type="Function.Unknown"),  # the handler raised
        f"REPORT RequestId: {ID}\tDuration: 2.90 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 36 MB\t\n",
    ),
]


@pytest.mark.parametrize(("record", "expected"), TEXT)
def test_a_text_log_has_the_recorded_lines(record: Record, expected: str | None) -> None:
    line = lines_of("Text")(record, NOW_S)

    assert line == (None if expected is None else expected.encode())


JSON = [
    (
        InitStart("f", "$LATEST", "python:3.13.v62", ARN),
        "platform.initStart",
        {
            "initializationType": "on-demand",
            "phase": "init",
            "functionName": "f",
            "functionVersion": "$LATEST",
            "runtimeVersion": "python:3.13.v62",
            "runtimeVersionArn": ARN,
        },
    ),
    (
        InitRuntimeDone("error", "Runtime.ExitError"),
        "platform.initRuntimeDone",
        {"initializationType": "on-demand", "phase": "init", "status": "error", "errorType": "Runtime.ExitError"},
    ),
    (
        InitReport(84.0),
        "platform.initReport",
        {"initializationType": "on-demand", "phase": "init", "status": "success", "metrics": {"durationMs": 84.0}},
    ),
    (
        Start(ID, "$LATEST", Tracing("Root=1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8")),
        "platform.start",
        {
            "requestId": ID,
            "version": "$LATEST",
            "tracing": {
                "spanId": "53995c3f42cd8ad8",
                "type": "X-Amzn-Trace-Id",
                "value": "Root=1-5759e988-bd862e3fe1be46a994272793",
            },
        },
    ),
    (
        RuntimeDone(ID, 1.23456, 19, spans=(Span("responseLatency", NOW_S, 1.5),)),
        "platform.runtimeDone",
        {
            "requestId": ID,
            "status": "success",
            "metrics": {"durationMs": 1.235, "producedBytes": 19},
            "spans": [{"name": "responseLatency", "start": "2024-01-01T00:00:00.123Z", "durationMs": 1.5}],
        },
    ),
    (
        Report(ID, 3.01, 128, 36, init_ms=110.1, status="timeout"),
        "platform.report",
        {
            "requestId": ID,
            "status": "timeout",
            "metrics": {
                "durationMs": 3.01,
                "billedDurationMs": 114,
                "memorySizeMB": 128,
                "maxMemoryUsedMB": 36,
                "initDurationMs": 110.1,
            },
        },
    ),
]


@pytest.mark.parametrize(("record", "kind", "members"), JSON)
def test_a_json_log_has_the_telemetry_objects(record: Record, kind: str, members: dict[str, object]) -> None:
    line = lines_of("JSON", Level.DEBUG)(record, NOW_S)

    assert line is not None
    assert line.endswith(b"}\n")
    assert json.loads(line) == {"time": "2024-01-01T00:00:00.123Z", "type": kind, "record": members}


def test_a_json_log_has_no_end_object() -> None:
    assert lines_of("JSON", Level.DEBUG)(End(ID), NOW_S) is None


# docs/contract/logs-billing.md#json-and-levels
LEVELS = [
    (InitStart("f", "1", "python:3.13.v62"), Level.INFO),
    (InitStart("f", "1"), Level.DEBUG),
    (InitRuntimeDone(), Level.DEBUG),
    (InitRuntimeDone("error"), Level.WARN),
    (InitReport(1.0), Level.DEBUG),
    (InitReport(1.0, initialization_type="provisioned-concurrency"), Level.INFO),
    (InitReport(1.0, "timeout"), Level.WARN),
    (Start(ID, "1"), Level.INFO),
    (RuntimeDone(ID, 1.0, 2), Level.DEBUG),
    (RuntimeDone(ID, 1.0, 2, "timeout"), Level.WARN),
    (Report(ID, 1.0, 128, 36), Level.INFO),
    (Report(ID, 1.0, 128, 36, status="failure"), Level.WARN),
]


@pytest.mark.parametrize(("record", "level"), LEVELS)
@pytest.mark.parametrize("least", [Level.DEBUG, Level.INFO, Level.WARN])
def test_a_json_log_shows_records_from_the_system_level_up(record: Record, level: Level, least: Level) -> None:
    assert (lines_of("JSON", least)(record, NOW_S) is not None) == (level >= least)


@pytest.mark.parametrize("record", [record for record, _ in LEVELS])
def test_a_text_log_is_not_filtered(record: Record) -> None:
    assert lines_of("Text", Level.WARN)(record, NOW_S) == lines_of("Text", Level.DEBUG)(record, NOW_S)
