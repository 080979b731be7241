"""What an invocation costs: billed durations, by the price list. docs/contract/logs-billing.md#billing."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from lambda_emu.logs.prices import COMPUTE, FREE_STORAGE_MB, REQUEST_USD, STORAGE_GB_S_USD


class Cost(Struct, frozen=True):
    """US dollars, exact: the request itself, its GB-seconds, and /tmp beyond 512 MB."""

    request_usd: Decimal
    compute_usd: Decimal
    storage_usd: Decimal

    @property
    def total_usd(self) -> Decimal:
        return self.request_usd + self.compute_usd + self.storage_usd


def billed_ms(duration_ms: float, init_ms: float | None) -> int:
    """Round one invocation up to what is charged.

    duration_ms: receipt to last next-call. init_ms: only for the invocation that paid for init, else None.
    Both count as REPORT prints them, with two decimals, so that a bill can be checked by hand.
    Returns whole milliseconds, at least 1. docs/contract/logs-billing.md#billing.
    """
    hundredths = round(duration_ms * 100) + round((init_ms or 0.0) * 100)
    return max(1, -(-hundredths // 100))


def gb_seconds(milliseconds: int, megabytes: int) -> Decimal:
    """`milliseconds` of so much memory or storage."""
    return Decimal(milliseconds) / 1000 * megabytes / 1024


def compute_usd(gb_s: Decimal, architecture: str, used_gb_s: Decimal = Decimal(0)) -> Decimal:
    """The price of `gb_s` when `used_gb_s` were charged earlier in the month. KeyError for an unknown architecture."""
    usd, start, end = Decimal(0), used_gb_s, used_gb_s + gb_s
    for tier in COMPUTE[architecture]:
        stop = end if tier.until_gb_s is None else min(end, tier.until_gb_s)
        if stop > start:
            usd += (stop - start) * tier.gb_s_usd
            start = stop
    return usd


def invocation_cost(billed_ms: int, memory_mb: int, architecture: str, storage_mb: int = FREE_STORAGE_MB) -> Cost:
    """The list price of one invocation: first tier, no free tier."""
    extra_mb = max(0, storage_mb - FREE_STORAGE_MB)
    return Cost(
        request_usd=REQUEST_USD,
        compute_usd=compute_usd(gb_seconds(billed_ms, memory_mb), architecture),
        storage_usd=gb_seconds(billed_ms, extra_mb) * STORAGE_GB_S_USD,
    )
