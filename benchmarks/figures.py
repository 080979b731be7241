"""What is made of many timings: percentiles, and the ratio of two emulators measured in turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all values do not exceed. ValueError when there are none."""
    if not values:
        raise ValueError("no values")
    rank = -(-len(values) * percent // 100)  # rounded up
    return sorted(values)[max(int(rank), 1) - 1]


@dataclass(frozen=True, slots=True)
class Turns:
    """One figure a block, for each of two sides measured in turns."""

    ours: list[float]
    theirs: list[float]

    @property
    def ratios(self) -> list[float]:
        """Ours over theirs, block by block: what disturbed the machine disturbed both sides of a block."""
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def spread(self) -> str:
        """The middle half of the blocks' ratios."""
        return f"{percentile(self.ratios, 25):.2f}-{percentile(self.ratios, 75):.2f}"


def in_turns(ours: Callable[[], float], theirs: Callable[[], float], blocks: int) -> Turns:
    """Measure both sides `blocks` times; which goes first changes from block to block."""
    turns = Turns([], [])
    sides = [(ours, turns.ours), (theirs, turns.theirs)]
    for _ in range(blocks):
        for measure, figures in sides:
            figures.append(measure())
        sides.reverse()
    return turns
