"""Metrics as CloudWatch names them, and the points of them that are on their way into the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lambda_emu.arn import LATEST, FunctionId, Scope
from lambda_emu.metrics.statistics import Statistics

LAMBDA = "AWS/Lambda"
MINUTE_S = 60
COUNT, MILLISECONDS, NO_UNIT = "Count", "Milliseconds", "None"
UNITS = {
    "AsyncEventAge": MILLISECONDS,
    "Duration": MILLISECONDS,
    "IteratorAge": MILLISECONDS,
    "PostRuntimeExtensionsDuration": MILLISECONDS,
    "ProvisionedConcurrencyUtilization": NO_UNIT,
    "UrlRequestLatency": MILLISECONDS,
}
"""Of Lambda's metrics; all others are counts."""

Dimensions = tuple[tuple[str, str], ...]
"""Names and values, in the order of the names."""


class Series(NamedTuple):
    """One metric of one account and region, in one unit."""

    scope: Scope
    namespace: str
    name: str
    dimensions: Dimensions
    unit: str


class Point(NamedTuple):
    """What a series has of one minute, in minutes since the epoch.

    is_peak: the highest of it is all that counts, however often it is told.
    """

    series: Series
    minute: int
    statistics: Statistics
    is_peak: bool = False


class Subject(NamedTuple):
    """Whose fact it is. qualifier: as the caller named it. executed_version: where that was an alias."""

    function: FunctionId
    qualifier: str | None = None
    executed_version: str | None = None

    @property
    def resource(self) -> str:
        """As the dimension of this name has it: what was called."""
        return self.function.name if self.qualifier is None else f"{self.function.name}:{self.qualifier}"

    def dimensions(self) -> Iterator[Dimensions]:
        """All that such a fact is counted under, the account as a whole first."""
        name = ("FunctionName", self.function.name)
        yield ()
        yield (name,)
        yield (name, ("Resource", self.resource))
        if self.executed_version is not None and is_alias(self.qualifier):
            yield (("ExecutedVersion", self.executed_version), name, ("Resource", self.resource))


def lambda_series(scope: Scope, name: str, dimensions: Dimensions) -> Series:
    return Series(scope, LAMBDA, name, dimensions, UNITS.get(name, COUNT))


def is_alias(qualifier: str | None) -> bool:
    return qualifier is not None and qualifier != LATEST and not qualifier.isdigit()
