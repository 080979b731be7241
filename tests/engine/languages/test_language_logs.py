"""What of every runtime is in the log, as text and as JSON: each as AWS's client of its language writes it.

docs/contract/logs-billing.md.
"""

from __future__ import annotations

import json
import re

from languages.language import LEVELS
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


@row("JSON log")
def test_in_json_the_log_has_objects_alone(subject: Subject) -> None:
    name = subject.create(subject.language.handler, LoggingConfig={"LogFormat": "JSON"})

    answer = subject.lam.invoke(name, {"do": "print", "value": "zwölf"})

    lines = answer.tail.splitlines()
    structured = [json.loads(line) for line in lines if line.startswith("{")]
    assert "zwölf" in lines  # as it was printed
    assert [line["type"] for line in structured if "type" in line][-1] == "platform.report"
    logged = [line for line in structured if "type" not in line]
    assert [line["message"].strip() for line in logged] == ["zwölf by the logger"]
    assert {"timestamp", "level"} <= logged[0].keys()
    found = subject.lam.invoke(name, {"do": "environment"}).payload
    assert (found["AWS_LAMBDA_LOG_FORMAT"], found.get("AWS_LAMBDA_LOG_LEVEL")) == ("JSON", "INFO")


@row("log levels")
def test_what_is_below_the_functions_level_is_not_logged(subject: Subject) -> None:
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "WARN"}
    name = subject.create(subject.language.handler, LoggingConfig=logging)

    for level in LEVELS:
        subject.lam.invoke(name, {"do": "log", "value": level})

    logged = [json.loads(event) for event, reported in subject.lam.events(name) if not reported]
    kept = list(zip(LEVELS, subject.language.levels, strict=True))[2:]
    found = [(line["message"].strip(), line["level"]) for line in logged]
    found = [line for line in found if not line[0].startswith(PREVIEW)]
    assert found == [(f"at {level}", name) for level, name in kept]
