"""How results are shown: the table for people, JSON for whoever compares runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from benchmarks.machine import Machine
from benchmarks.verdict import Failure, Verdict

_LAYOUT = "{:<47}  {:>9}  {:>23}  {:>8}  {:<8}  {:<4}  {}"
HEADINGS = _LAYOUT.format("", "ours", "held against", "ratio", "bar", "", "spread")


def line(result: Verdict | Failure) -> str:
    """One line of the table; they are printed as they come."""
    if isinstance(result, Failure):
        return f"{result.what}: NOT MEASURED: {result.reason}"
    return _LAYOUT.format(*_cells(result)).rstrip()


def _cells(verdict: Verdict) -> tuple[str, ...]:
    return (
        verdict.what,
        _amount(verdict.ours, verdict.unit),
        f"{verdict.against} {_amount(verdict.reference, verdict.unit)}",
        f"{verdict.ratio:.2f}x",
        verdict.bar,
        _judged(verdict),
        verdict.spread,
    )


def _judged(verdict: Verdict) -> str:
    if verdict.limit is None:
        return ""
    return "pass" if verdict.passed else "MISS"


def _amount(value: float, unit: str) -> str:
    digits = 3 if value < 10 else 1 if value < 1000 else 0
    if value == int(value):
        digits = 0
    return f"{value:,.{digits}f} {unit}".rstrip()


def as_json(machine: Machine, results: Sequence[Verdict | Failure]) -> str:
    verdicts = [asdict(v) | {"ratio": v.ratio, "passed": v.passed} for v in results if isinstance(v, Verdict)]
    failures = [asdict(f) for f in results if isinstance(f, Failure)]
    return json.dumps({"machine": asdict(machine), "rows": verdicts, "failures": failures}, indent=2)
