"""What functions cost by what was measured, for so many requests in a month, and what of that is free."""

from __future__ import annotations

from decimal import Decimal

import pytest
from click.testing import CliRunner

from lambda_emu.cli import main
from lambda_emu.logs.billing import invocation_cost
from lambda_emu.logs.costs import Provisioned, Usage, costs
from lambda_emu.logs.prices import AS_OF, GB

ONE = Usage("orders", "x86_64", 1024, 512, requests=3, billed_ms=300)


def test_what_was_measured_costs_what_its_invocations_cost() -> None:
    other = Usage("thumbs", "arm64", 512, 2048, requests=2, billed_ms=1000)

    told = costs([ONE, other], {}, {})

    assert [bill.total_usd for bill in told.bills] == [
        3 * invocation_cost(100, 1024, "x86_64").total_usd,
        2 * invocation_cost(500, 512, "arm64", 2048).total_usd,
    ]
    assert told.total.total_usd == sum(bill.total_usd for bill in told.bills)
    assert told.to_pay_usd == told.total.storage_usd  # the rest is free


def test_a_month_has_the_proportions_that_were_measured() -> None:
    """AWS's own example: 3 million requests of 120 ms with 1536 MB come to 2.33 dollars and 0.40."""
    usage = Usage("food", "x86_64", 1536, 512, requests=30, billed_ms=30 * 120)

    told = costs([usage], {}, {}, 3_000_000)

    assert told.total.requests == 3_000_000
    assert told.total.gb_s == 540_000
    assert round(told.total.compute_usd - 400_000 * Decimal("0.0000166667"), 2) == Decimal("2.33")
    assert round(told.to_pay_usd, 2) == Decimal("2.73")


def test_beyond_a_tier_a_second_is_cheaper_for_all_functions_alike() -> None:
    usages = [Usage(name, "x86_64", 1024, 512, requests=1, billed_ms=1000) for name in ("a", "b")]

    told = costs(usages, {}, {}, 12_000_000_000)

    wanted = Decimal("6e9") * Decimal("0.0000166667") + Decimal("6e9") * Decimal("0.0000150000")
    assert round(told.total.compute_usd, 6) == wanted
    assert told.bills[0].compute_usd == told.bills[1].compute_usd


def test_what_is_provisioned_costs_all_month_and_logs_by_their_bytes() -> None:
    ready = {"orders": [Provisioned("x86_64", 1024, 2)], "thumbs": [Provisioned("arm64", 512, 1)]}

    told = costs([ONE], {"orders": 3 * GB}, ready, 6)

    first, second = told.bills
    assert first.provisioned_usd == 2 * 730 * 3600 * Decimal("0.0000041667")
    assert second.provisioned_usd == Decimal("0.5") * 730 * 3600 * Decimal("0.0000033334")
    assert (first.log_gb, first.log_usd) == (Decimal(6), Decimal(3))
    assert round(told.total.log_usd - Decimal("2.5"), 2) == Decimal("0.50")  # five gigabytes are free
    assert round(told.to_pay_usd - told.total.provisioned_usd, 6) == Decimal("0.5")


def test_where_nothing_ran_nothing_is_paid_but_what_is_ready() -> None:
    told = costs([], {}, {"orders": [Provisioned("x86_64", 1024, 1)]}, 1000)

    assert told.to_pay_usd == told.total.provisioned_usd > 0


@pytest.mark.parametrize("month", ["many", "0", "-1", "1.2.3", "3T", "9999999999999999", "999999999B"])
def test_a_month_is_a_number_of_requests(month: str) -> None:
    from lambda_emu.cli.commands.cost import _requests

    with pytest.raises(Exception, match="--month takes"):
        _requests(month)


@pytest.mark.parametrize(
    ("month", "requests"), [("3M", 3_000_000), ("1.5k", 1500), ("2,000", 2000), ("1_0", 10), ("1B", 10**9)]
)
def test_a_month_is_written_as_people_write_it(month: str, requests: int) -> None:
    from lambda_emu.cli.commands.cost import _requests

    assert _requests(month) == requests


def test_all_prices_are_in_one_table_with_their_date_and_source() -> None:
    told = CliRunner().invoke(main, ["cost", "--prices"], catch_exceptions=False).stdout

    for price in ("$0.20 a million", "$0.0000166667", "$0.0000133334", "$0.0000041667", "$0.0000000309", "$0.50 a GB"):
        assert price in told
    assert AS_OF in told
    assert "https://aws.amazon.com/lambda/pricing/" in told
