"""What functions cost by what was measured of them: the price list, and what is free. No I/O, no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from lambda_emu.logs.billing import compute_usd, gb_seconds
from lambda_emu.logs.prices import (
    FREE,
    FREE_STORAGE_MB,
    GB,
    LOG_GB_USD,
    MONTH_S,
    PROVISIONED_GB_S_USD,
    REQUEST_USD,
    STORAGE_GB_S_USD,
)


class Usage(Struct, frozen=True):
    """Invocations of a function with the same memory, /tmp and architecture. billed_ms: of all of them.

    first_ms, last_ms: when the first and the last of them was logged, since the epoch.
    """

    function: str
    architecture: str
    memory_mb: int
    storage_mb: int
    requests: int
    billed_ms: int
    first_ms: int = 0
    last_ms: int = 0


class Provisioned(Struct, frozen=True):
    """Environments that are kept ready."""

    architecture: str
    memory_mb: int
    concurrency: int


class Bill(Struct, frozen=True):
    """Of one function, or of all. Dollars are exact, and of the list: nothing is free in them."""

    function: str
    requests: Decimal
    gb_s: Decimal
    log_gb: Decimal
    request_usd: Decimal
    compute_usd: Decimal
    storage_usd: Decimal
    provisioned_usd: Decimal
    log_usd: Decimal

    @property
    def total_usd(self) -> Decimal:
        return self.request_usd + self.compute_usd + self.storage_usd + self.provisioned_usd + self.log_usd


class Costs(Struct, frozen=True):
    """bills: by function. total: of all. free_usd: what of that is free."""

    bills: Sequence[Bill]
    total: Bill
    free_usd: Decimal

    @property
    def to_pay_usd(self) -> Decimal:
        return self.total.total_usd - self.free_usd


def costs(
    usages: Sequence[Usage],
    log_bytes: Mapping[str, int],
    provisioned: Mapping[str, Sequence[Provisioned]],
    month: int | None = None,
) -> Costs:
    """month: requests in a month, in the proportions of those that were measured; None: just those.

    log_bytes, provisioned: by function. What is provisioned is for a month, whatever runs.
    """
    measured = sum(one.requests for one in usages)
    times = Decimal(1) if month is None or not measured else Decimal(month) / measured
    by_architecture: Counter[str] = Counter()
    for one in usages:
        by_architecture[one.architecture] += int(_gb_s(one) * times * 1000)  # thousandths, which Counter adds up
    prices = {name: _mean_usd(name, Decimal(thousandths) / 1000) for name, thousandths in by_architecture.items()}
    names = sorted({*(one.function for one in usages), *log_bytes, *provisioned})
    bills = [
        _bill(
            name,
            [one for one in usages if one.function == name],
            times,
            prices,
            Decimal(log_bytes.get(name, 0)) / GB,
            provisioned.get(name, ()),
        )
        for name in names
    ]
    total = _sum(bills)
    return Costs(bills, total, _free_usd(total))


def _bill(
    name: str,
    usages: Sequence[Usage],
    times: Decimal,
    prices: Mapping[str, Decimal],
    log_gb: Decimal,
    provisioned: Iterable[Provisioned],
) -> Bill:
    """prices: of a GB-second, by architecture."""
    requests = sum(one.requests for one in usages) * times
    storage_gb_s = sum(
        (gb_seconds(one.billed_ms, max(0, one.storage_mb - FREE_STORAGE_MB)) for one in usages), Decimal(0)
    )
    return Bill(
        name,
        requests,
        sum((_gb_s(one) for one in usages), Decimal(0)) * times,
        log_gb * times,
        requests * REQUEST_USD,
        sum((_gb_s(one) * times * prices[one.architecture] for one in usages), Decimal(0)),
        storage_gb_s * times * STORAGE_GB_S_USD,
        sum((_provisioned_usd(one) for one in provisioned), Decimal(0)),
        log_gb * times * LOG_GB_USD,
    )


def _gb_s(usage: Usage) -> Decimal:
    return gb_seconds(usage.billed_ms, usage.memory_mb)


def _mean_usd(architecture: str, gb_s: Decimal) -> Decimal:
    """Of a GB-second of so many in a month: more of them are cheaper."""
    return compute_usd(gb_s or Decimal(1), architecture) / (gb_s or Decimal(1))


def _provisioned_usd(one: Provisioned) -> Decimal:
    gb_s = gb_seconds(MONTH_S * 1000, one.memory_mb) * one.concurrency
    return gb_s * PROVISIONED_GB_S_USD[one.architecture]


def _sum(bills: Sequence[Bill]) -> Bill:
    names = ("requests", "gb_s", "log_gb", "request_usd", "compute_usd", "storage_usd", "provisioned_usd", "log_usd")
    return Bill("all", *(sum((getattr(one, name) for one in bills), Decimal(0)) for name in names))


def _free_usd(total: Bill) -> Decimal:
    """Of GB-seconds, at the mean of their prices."""
    free = min(total.requests, Decimal(FREE.requests)) * REQUEST_USD
    free += min(total.log_gb, FREE.log_gb) * LOG_GB_USD
    if total.gb_s:
        free += min(total.gb_s, FREE.gb_s) / total.gb_s * total.compute_usd
    return free
