"""What of every runtime is in the log, as text and as JSON: each as AWS's client of its language writes it.

docs/contract/logs-billing.md.
"""

from __future__ import annotations

import json
import re
from typing import Any

from lam import Answer

from languages.language import AS_RECORD, AS_TEXT, LEVELS
from languages.rows import row
from languages.subject import Subject

PREVIEW = "LAMBDA_WARNING: This is a preview runtime"
"""What AWS's client logs by itself in a runtime that is only planned."""
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d)?"


@row("log")
def test_what_is_printed_is_in_the_log_before_the_answer(subject: Subject) -> None:
    answer = subject.do("print", "zwölf €")

    assert answer.payload is None
    assert answer.lines[0] == "zwölf €"
    told = {"time": TIME, "id": answer.request_id, "any": ".*", "text": "zwölf € by the logger"}
    line = re.sub(r"\\{(\w+)\\}", lambda found: told[found[1]], re.escape(subject.language.line))
    assert re.fullmatch(line, answer.lines[1]), answer.lines


@row("error in the log")
def test_what_a_handler_throws_is_in_the_log(subject: Subject) -> None:
    answer = subject.do("throw", "oops é")

    told = [word in "\n".join(answer.lines) for word in (subject.language.error, "oops é")]
    assert told == [subject.language.tells_errors is not None] * 2, answer.lines


@row("JSON log")
def test_in_json_what_is_logged_is_an_object(subject: Subject) -> None:
    name = subject.create(subject.language.handler, LoggingConfig={"LogFormat": "JSON"})

    answer = subject.lam.invoke(name, {"do": "print", "value": "zwölf"})

    assert "zwölf" in answer.tail.splitlines()  # as it was printed
    [logged] = logged_in(answer)
    assert logged["message"].strip() == "zwölf by the logger"
    assert {"timestamp", "level"} <= logged.keys()
    ids = [logged[name] for name in ("requestId", "AWSRequestId") if name in logged]
    assert ids == [answer.request_id] * subject.language.names_request
    platform = [json.loads(line) for line in answer.tail.splitlines() if line.startswith('{"time":')]
    assert platform[-1]["type"] == "platform.report"
    found = subject.lam.invoke(name, {"do": "environment"}).payload
    assert (found["AWS_LAMBDA_LOG_FORMAT"], found.get("AWS_LAMBDA_LOG_LEVEL")) == ("JSON", "INFO")

    failed = subject.lam.invoke(name, {"do": "throw", "value": "oops é"})

    as_record = subject.language.tells_errors == AS_RECORD
    errors = [record["level"] for record in logged_in(failed) if "oops é" in str(record)]
    assert errors == [subject.language.levels[-1]] * as_record
    assert as_record or ("oops é" in failed.tail) == (subject.language.tells_errors == AS_TEXT)


def logged_in(answer: Answer) -> list[dict[str, Any]]:
    """Its records, but for the platform's."""
    records = (json.loads(line) for line in answer.tail.splitlines() if line.startswith('{"'))
    return [record for record in records if "type" not in record]


@row("log levels")
def test_what_is_below_the_functions_level_is_not_logged(subject: Subject) -> None:
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "WARN"}
    name = subject.create(subject.language.handler, LoggingConfig=logging)

    for level in LEVELS:
        subject.lam.invoke(name, {"do": "log", "value": level})

    # Both the client, which is told by a variable, and the log keep to it.
    assert subject.lam.invoke(name, {"do": "environment"}).payload["AWS_LAMBDA_LOG_LEVEL"] == "WARN"
    logged = [json.loads(event) for event, reported in subject.lam.events(name) if not reported]
    kept = list(zip(LEVELS, subject.language.levels, strict=True))[2:]
    found = [(line["message"].strip(), line["level"]) for line in logged]
    found = [line for line in found if not line[0].startswith(PREVIEW)]
    assert found == [(f"at {level}", name) for level, name in kept]
