"""`python -m benchmarks [ROW…] [--json FILE]`: measure, and print one table. Exit code 1 when a bar is missed."""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from subprocess import CalledProcessError

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.client import BadAnswer
from benchmarks.machine import Machine
from benchmarks.rows import ROWS
from benchmarks.stage import Stage
from benchmarks.table import HEADINGS, as_json, line
from benchmarks.verdict import Failure, Verdict

MISHAPS = (OSError, RuntimeError, BadAnswer, CalledProcessError, BotoCoreError, ClientError)


def main() -> int:
    told = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds as Ctrl-C does: what was started is ended
    machine = Machine.here()
    print(machine, HEADINGS, sep="\n\n", flush=True)
    results = _measured(told.rows or list(ROWS), told.before)
    print(f"\nload average at the end {os.getloadavg()[0]:.2f}")
    if told.json:
        told.json.write_text(as_json(machine, results))
    return int(any(isinstance(result, Failure) or not result.passed for result in results))


def _arguments() -> Namespace:
    parser = ArgumentParser("python -m benchmarks", description="Measure lambda-emu beside AWS's own emulator.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"which rows, else all: {', '.join(ROWS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="hold this one against another, in turns")
    told = parser.parse_args()
    if unknown := sorted(set(told.rows) - set(ROWS)):
        parser.error(f"no such row: {', '.join(unknown)}")
    return told


def _measured(names: Sequence[str], before: Path | None) -> list[Verdict | Failure]:
    """Each row in turn, told as soon as it is there; one that fails does not keep the others from being measured."""
    results: list[Verdict | Failure] = []
    with Stage(before) as stage:
        for name in names:
            try:
                came: list[Verdict | Failure] = [*ROWS[name](stage)]
            except MISHAPS as error:
                came = [Failure(name, f"{type(error).__name__}: {error}")]
            print(*map(line, came), sep="\n", flush=True)
            results += came
    return results


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
