"""One line of the table: a figure of ours, what it is held against, and the bar."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.figures import Turns, percentile


@dataclass(frozen=True, slots=True)
class Verdict:
    """ours and reference are in `unit`; the bar is on their ratio. limit None: a figure without a bar.

    ratio: where it is not simply ours / reference, as with blocks measured in turns. spread: of the ratio or of ours.
    """

    what: str
    ours: float
    unit: str
    reference: float
    against: str
    limit: float | None
    at_least: bool = False
    blocks_ratio: float | None = None
    spread: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.reference if self.blocks_ratio is None else self.blocks_ratio

    @property
    def passed(self) -> bool:
        if self.limit is None:
            return True
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    @property
    def bar(self) -> str:
        if self.limit is None:
            return "no bar"
        return f"{'>=' if self.at_least else '<='} {self.limit:g}x"


def of_turns(what: str, unit: str, turns: Turns, against: str, limit: float, *, at_least: bool = False) -> Verdict:
    """Of two sides measured in turns: the p50 of each, and the median of the blocks' ratios."""
    ours, theirs = percentile(turns.ours, 50), percentile(turns.theirs, 50)
    return Verdict(what, ours, unit, theirs, against, limit, at_least, turns.ratio, turns.spread)


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that could not be measured, and why."""

    what: str
    reason: str
