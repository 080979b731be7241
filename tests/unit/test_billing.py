from decimal import Decimal

import pytest

from lambda_emu.logs.billing import billed_ms, compute_usd, gb_seconds, invocation_cost
from lambda_emu.logs.prices import REQUEST_USD


@pytest.mark.parametrize(
    ("duration_ms", "init_ms", "expected"),
    [
        (133.61, 80.00, 214),  # docs/contract/logs-billing.md#billing
        (3.01, 110.10, 114),  # docs/contract/logs-billing.md#platform-lines, billed as since August 2025
        (2.90, None, 3),
        (3.00, None, 3),
        (3.004, None, 3),  # prints as 3.00
        (3.006, None, 4),  # prints as 3.01
        (1.1, 2.2, 4),  # 3.3000000000000003 in binary
        (0.1, 0.2, 1),
        (0.70, 0.30, 1),
        (0.20, None, 1),  # at least 1 ms
        (0.0, None, 1),
        (900_000.0, 10_000.0, 910_000),
    ],
)
def test_duration_and_init_are_rounded_up_together(duration_ms: float, init_ms: float | None, expected: int) -> None:
    assert billed_ms(duration_ms, init_ms) == expected


@pytest.mark.parametrize(
    ("milliseconds", "megabytes", "expected"),
    [(1000, 1024, "1"), (1, 1024, "0.001"), (500, 128, "0.0625"), (1000, 10240, "10")],
)
def test_gb_seconds(milliseconds: int, megabytes: int, expected: str) -> None:
    assert gb_seconds(milliseconds, megabytes) == Decimal(expected)


@pytest.mark.parametrize(
    ("architecture", "gb_s", "used_gb_s", "expected_usd"),
    [
        ("x86_64", "1", "0", "0.0000166667"),
        ("arm64", "1", "0", "0.0000133334"),
        ("x86_64", "1", "6e9", "0.0000150000"),
        ("x86_64", "1", "15e9", "0.0000133334"),
        ("arm64", "1", "7.5e9", "0.0000120001"),
        ("arm64", "1", "18.75e9", "0.0000106667"),
        ("x86_64", "2", "5999999999", "0.0000316667"),  # one on each side of the first border
        ("x86_64", "16e9", "0", "248333.6"),  # 6e9 x 16.6667 + 9e9 x 15 + 1e9 x 13.3334, in millionths
        ("x86_64", "0", "7e9", "0"),
    ],
)
def test_gb_seconds_are_priced_by_tier(architecture: str, gb_s: str, used_gb_s: str, expected_usd: str) -> None:
    assert compute_usd(Decimal(gb_s), architecture, Decimal(used_gb_s)) == Decimal(expected_usd)


def test_a_millisecond_of_128_mb_costs_what_the_price_list_says() -> None:
    cost = invocation_cost(1, 128, "x86_64")

    assert round(cost.compute_usd, 13) == Decimal("0.0000000020833").quantize(Decimal("1e-13"))
    assert cost.request_usd == REQUEST_USD == Decimal("0.0000002")
    assert cost.storage_usd == 0
    assert cost.total_usd == cost.request_usd + cost.compute_usd


@pytest.mark.parametrize(("storage_mb", "expected_usd"), [(512, "0"), (1536, "0.0000000309"), (10240, "0.00000029355")])
def test_only_storage_beyond_512_mb_is_charged(storage_mb: int, expected_usd: str) -> None:
    assert invocation_cost(1000, 128, "arm64", storage_mb).storage_usd == Decimal(expected_usd)


def test_an_architecture_without_a_price_is_an_error() -> None:
    with pytest.raises(KeyError):
        invocation_cost(1, 128, "riscv64")
