"""How results are shown: the table for people, JSON for whoever compares runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from benchmarks.machine import Machine
from benchmarks.verdict import Failure, Verdict

HEADINGS = ("", "ours", "held against", "ratio", "bar", "", "spread")
_LEFT = {0, 4, 5, 6}


def rendered(results: Sequence[Verdict | Failure]) -> str:
    """The table, as wide as its widest cells."""
    rows = [HEADINGS, *(_cells(result) for result in results if isinstance(result, Verdict))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [_line(row, widths) for row in rows]
    lines += [f"{failure.what}: NOT MEASURED: {failure.reason}" for failure in results if isinstance(failure, Failure)]
    return "\n".join(lines)


def _cells(verdict: Verdict) -> tuple[str, ...]:
    return (
        verdict.what,
        _amount(verdict.ours, verdict.unit),
        f"{verdict.against} {_amount(verdict.reference, verdict.unit)}",
        f"{verdict.ratio:.2f}x",
        verdict.bar,
        "pass" if verdict.passed else "MISS",
        verdict.spread,
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (
        cell.ljust(width) if column in _LEFT else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(cells).rstrip()


def _amount(value: float, unit: str) -> str:
    digits = 3 if value < 10 else 1 if value < 1000 else 0
    if value == int(value):
        digits = 0
    return f"{value:,.{digits}f} {unit}".rstrip()


def as_json(machine: Machine, results: Sequence[Verdict | Failure]) -> str:
    verdicts = [asdict(v) | {"ratio": v.ratio, "passed": v.passed} for v in results if isinstance(v, Verdict)]
    failures = [asdict(f) for f in results if isinstance(f, Failure)]
    return json.dumps({"machine": asdict(machine), "rows": verdicts, "failures": failures}, indent=2)
