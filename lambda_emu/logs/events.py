"""Platform records as objects of a JSON log and of the Telemetry API.

docs/contract/runtime.md#telemetry, docs/contract/logs-billing.md#json-and-levels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lambda_emu.logs.levels import Level, iso_time
from lambda_emu.logs.records import (
    SUCCESS,
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

Members = dict[str, Any]


def event(record: Record, now_s: float) -> Members | None:
    """`{"time", "type", "record"}` of a record; None for one that has no such form."""
    form = FORMS.get(type(record))
    if form is None:
        return None
    kind, members, _ = form
    return {"time": iso_time(now_s), "type": f"platform.{kind}", "record": _present(members(record))}


def level(record: Record) -> Level | None:
    """How important a JSON log takes a record to be; None for one that has no JSON form."""
    form = FORMS.get(type(record))
    return None if form is None else form[2](record)


def _init_start(record: InitStart) -> Members:
    return {
        "initializationType": record.initialization_type,
        "phase": record.phase,
        "functionName": record.function_name,
        "functionVersion": record.function_version,
        "runtimeVersion": record.runtime_version,
        "runtimeVersionArn": record.runtime_version_arn,
    }


def _init_runtime_done(record: InitRuntimeDone) -> Members:
    return {
        "initializationType": record.initialization_type,
        "phase": record.phase,
        "status": record.status,
        "errorType": record.error_type,
    }


def _init_report(record: InitReport) -> Members:
    return {
        "initializationType": record.initialization_type,
        "phase": record.phase,
        "status": record.status,
        "metrics": {"durationMs": _ms(record.duration_ms)},
        "errorType": record.error_type,
    }


def _start(record: Start) -> Members:
    return {
        "requestId": record.request_id,
        "version": record.version,
        "tenantId": record.tenant_id,
        "tracing": _tracing(record.tracing),
    }


def _runtime_done(record: RuntimeDone) -> Members:
    return {
        "requestId": record.request_id,
        "status": record.status,
        "metrics": {"durationMs": _ms(record.duration_ms), "producedBytes": record.produced_bytes},
        "spans": [_span(span) for span in record.spans] or None,
        "tracing": _tracing(record.tracing),
        "errorType": record.error_type,
    }


def _report(record: Report) -> Members:
    metrics = {
        "durationMs": _ms(record.duration_ms),
        "billedDurationMs": record.billed_ms,
        "memorySizeMB": record.memory_mb,
        "maxMemoryUsedMB": record.peak_mb,
        "initDurationMs": None if record.init_ms is None else _ms(record.init_ms),
    }
    return {
        "requestId": record.request_id,
        "status": record.status,
        "metrics": _present(metrics),
        "tracing": _tracing(record.tracing),
        "errorType": record.error_type,
    }


def _span(span: Span) -> Members:
    return {"name": span.name, "start": iso_time(span.start_s), "durationMs": _ms(span.duration_ms)}


def _tracing(tracing: Tracing | None) -> Members | None:
    if tracing is None:
        return None
    return _present({"spanId": tracing.span_id, "type": "X-Amzn-Trace-Id", "value": tracing.value})


def _ms(value: float) -> float:
    return round(value, 3)


def _present(members: Members) -> Members:
    return {name: value for name, value in members.items() if value is not None}


def _start_level(record: InitStart) -> Level:
    return Level.DEBUG if record.runtime_version is None else Level.INFO


def _done_level(record: InitRuntimeDone | RuntimeDone) -> Level:
    return Level.DEBUG if record.status == SUCCESS else Level.WARN


def _init_report_level(record: InitReport) -> Level:
    if record.status != SUCCESS:
        return Level.WARN
    return Level.DEBUG if record.initialization_type == "on-demand" else Level.INFO


def _report_level(record: Report) -> Level:
    return Level.INFO if record.status == SUCCESS else Level.WARN


FORMS: dict[type, tuple[str, Callable[[Any], Members], Callable[[Any], Level]]] = {
    InitStart: ("initStart", _init_start, _start_level),
    InitRuntimeDone: ("initRuntimeDone", _init_runtime_done, _done_level),
    InitReport: ("initReport", _init_report, _init_report_level),
    Start: ("start", _start, lambda _: Level.INFO),
    RuntimeDone: ("runtimeDone", _runtime_done, _done_level),
    Report: ("report", _report, _report_level),
}
