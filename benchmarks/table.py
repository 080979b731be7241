"""What a row of the table is, and how it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

LAYOUT = "{:<9} {:<44} {:>8}  {:>24}  {:>24}  {:>20}  {}"
HEADINGS = LAYOUT.format("row", "what", "bar", "lambda-emu", "beside", "ratio", "").rstrip()


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure, measured several times. unit: what follows each number, with its space."""

    values: tuple[float, ...]
    unit: str = ""

    @classmethod
    def of(cls, values: Sequence[float], unit: str = "") -> Sample:
        return cls(tuple(values), unit)

    @property
    def middle(self) -> float:
        return median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Half of the values lie between these two."""
        if len(self.values) < 2:
            return self.middle, self.middle
        low, _, high = quantiles(self.values, n=4, method="inclusive")
        return low, high

    def over(self, other: Sample) -> Sample:
        """Ours over theirs, pair by pair as they were measured one after the other; else middle over middle."""
        if len(self.values) == len(other.values):
            return Sample.of([ours / theirs for ours, theirs in zip(self.values, other.values, strict=True)], "x")
        return Sample.of([self.middle / other.middle], "x")

    def __str__(self) -> str:
        if len(self.values) < 2:
            return _short(self.middle) + self.unit
        low, high = self.quartiles
        return f"{_short(self.middle)}{self.unit} ({_short(low)}–{_short(high)})"


@dataclass(frozen=True, slots=True)
class Bar:
    """What a ratio is held to."""

    limit: float
    at_least: bool = False

    def holds(self, ratio: float) -> bool:
        return ratio >= self.limit if self.at_least else ratio <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}x"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. beside: what ours is compared with; bar: None where the figure is only told."""

    row: str
    what: str
    bar: Bar | None
    ours: Sample
    beside: Sample

    @property
    def ratio(self) -> Sample:
        return self.ours.over(self.beside)

    @property
    def verdict(self) -> str:
        if self.bar is None:
            return ""
        return "pass" if self.bar.holds(self.ratio.middle) else "MISS"

    def __str__(self) -> str:
        told = (self.row, self.what, self.bar or "", self.ours, self.beside, self.ratio, self.verdict)
        return LAYOUT.format(*map(str, told)).rstrip()


def _short(value: float) -> str:
    """Three figures that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
