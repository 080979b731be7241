"""The rows: each a function that is given the stage and returns its lines of the table."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.rows.before import before
from benchmarks.rows.burst import burst
from benchmarks.rows.cold import cold
from benchmarks.rows.create import create
from benchmarks.rows.crowd import crowd, throughput
from benchmarks.rows.doors import doors
from benchmarks.rows.fed import fed
from benchmarks.rows.growth import growth
from benchmarks.rows.guarded import guarded
from benchmarks.rows.idle import idle
from benchmarks.rows.languages import compiled, javas, languages
from benchmarks.rows.machines import machines
from benchmarks.rows.pest import pest
from benchmarks.rows.pushed import pushed
from benchmarks.rows.queues import queues
from benchmarks.rows.rules import rules
from benchmarks.rows.scale import scale
from benchmarks.rows.schedules import schedules
from benchmarks.rows.slow import slow
from benchmarks.rows.sources import sources
from benchmarks.rows.start import start
from benchmarks.rows.streams import streams
from benchmarks.rows.suites import suites
from benchmarks.rows.templates import templates
from benchmarks.rows.upload import upload
from benchmarks.rows.warm import processes, warm
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

Row = Callable[[Stage], list[Verdict]]

ROWS: dict[str, Row] = {
    row.__name__: row
    for row in (
        warm,
        processes,
        doors,
        guarded,
        throughput,
        crowd,
        cold,
        languages,
        javas,
        compiled,
        upload,
        slow,
        pest,
        create,
        scale,
        idle,
        sources,
        pushed,
        rules,
        schedules,
        machines,
        start,
        growth,
        burst,
        queues,
        fed,
        streams,
        suites,
        templates,
        before,
    )
}
"""By name, in the order in which they are measured."""
