"""All prices in one table: what AWS asks for in us-east-1, in US dollars, and what is free of it each month.

docs/logs.md#costs shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

AS_OF = "2025-11"
"""When they were looked at."""
SOURCES = ("https://aws.amazon.com/lambda/pricing/", "https://aws.amazon.com/cloudwatch/pricing/")
REGION = "us-east-1"
GB = 1024**3
MONTH_S = 730 * 3600
"""As AWS's calculator has a month."""


class Tier(Struct, frozen=True):
    """A price for the GB-seconds of a month up to `until_gb_s`; None: for all the rest."""

    until_gb_s: Decimal | None
    gb_s_usd: Decimal


class Free(Struct, frozen=True):
    """What costs nothing in a month, of all functions together; provisioned concurrency and /tmp have no part in it."""

    requests: int = 1_000_000
    gb_s: Decimal = Decimal(400_000)
    log_gb: Decimal = Decimal(5)


REQUEST_USD = Decimal("0.20") / 1_000_000
# Tiers count per account, region, architecture and month.
COMPUTE: Mapping[str, tuple[Tier, ...]] = {
    "x86_64": (
        Tier(Decimal("6e9"), Decimal("0.0000166667")),
        Tier(Decimal("15e9"), Decimal("0.0000150000")),
        Tier(None, Decimal("0.0000133334")),
    ),
    "arm64": (
        Tier(Decimal("7.5e9"), Decimal("0.0000133334")),
        Tier(Decimal("18.75e9"), Decimal("0.0000120001")),
        Tier(None, Decimal("0.0000106667")),
    ),
}
PROVISIONED_GB_S_USD: Mapping[str, Decimal] = {"x86_64": Decimal("0.0000041667"), "arm64": Decimal("0.0000033334")}
FREE_STORAGE_MB = 512
STORAGE_GB_S_USD = Decimal("0.0000000309")
LOG_GB_USD = Decimal("0.50")
"""Taken in. Lambda's logs have been cheaper by tiers since May 2025; the first 10 TB a month are at this price."""
FREE = Free()


def shown() -> list[tuple[str, str, str]]:
    """What is paid for, the price, and what is free in a month."""
    rows = [("requests", f"${REQUEST_USD * 1_000_000:.2f} a million", f"{FREE.requests:,}")]
    for architecture, tiers in COMPUTE.items():
        for number, tier in enumerate(tiers):
            until = "beyond that" if tier.until_gb_s is None else f"up to {tier.until_gb_s:,.0f} GB-s a month"
            free = f"{FREE.gb_s:,} GB-s in all" if number == 0 else ""
            rows.append((f"memory of {architecture}, {until}", f"${tier.gb_s_usd} a GB-s", free))
    for architecture, usd in PROVISIONED_GB_S_USD.items():
        rows.append((f"provisioned concurrency of {architecture}", f"${usd} a GB-s", ""))
    rows.append((f"/tmp beyond {FREE_STORAGE_MB} MB", f"${STORAGE_GB_S_USD:f} a GB-s", ""))
    rows.append(("logs", f"${LOG_GB_USD} a GB", f"{FREE.log_gb} GB"))
    return rows
