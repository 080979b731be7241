"""`lambda-emu cost`: what functions cost on AWS, by what was measured of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from lambda_emu.cli import show, terminal
from lambda_emu.cli.options import NotDone, endpoint_option, json_option, setting_options, settings

if TYPE_CHECKING:
    from decimal import Decimal

    from lambda_emu.cli.client import Server
    from lambda_emu.logs.costs import Bill, Costs, Provisioned, Usage

HEADINGS = ("FUNCTION", "REQUESTS", "GB-S", "REQUESTS $", "MEMORY $", "/TMP $", "PROVISIONED $", "LOGS $", "TOTAL $")
UNITS = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
MOST_REQUESTS = 10**15


@click.command(short_help="Tell what functions would cost on AWS.")
@click.option("--month", metavar="REQUESTS", help="For a month with so many requests in all, such as 3M.")
@click.option("--prices", is_flag=True, help="Print the prices that are reckoned with.")
@json_option
@setting_options("data_dir")
@endpoint_option
def cost(month: str | None, prices: bool, as_json: bool, data_dir: str | None, endpoint_url: str | None) -> None:
    """Tell what each function would have cost on AWS, by the REPORT lines in its log, and what of that is free.

    With --month it is what a month with so many requests costs, in the proportions that were measured. Provisioned
    concurrency, which a running server tells of, costs by the month, and what runs on it counts as on demand.

    The server at --endpoint-url is asked, or the one of --data-dir or this folder's project; where none runs, the
    files are read that one has left.
    """
    if prices:
        _print_prices()
        return
    usages, log_bytes, provisioned = _measured(data_dir, endpoint_url)
    if not usages and not provisioned:
        raise NotDone("No invocation is in the log yet: invoke a function, then ask again.")
    from lambda_emu.logs.costs import costs

    _print(costs(usages, log_bytes, provisioned, _requests(month)), usages, month is not None, as_json)


def _requests(written: str | None) -> int | None:
    """`3M` as a number."""
    if written is None:
        return None
    found = re.fullmatch(r"([0-9]{1,15})(?:\.([0-9]{1,6}))?([KMB]?)", written.upper().replace(",", "").replace("_", ""))
    if found is None:
        raise click.UsageError(f"--month takes a number of requests, such as 500K or 3M, not {written!r}.")
    whole, part, unit = found[1], found[2] or "", UNITS[found[3]]
    requests: int = int(whole + part) * unit // 10 ** len(part)
    if not 1 <= requests <= MOST_REQUESTS:
        raise click.UsageError(f"--month takes from 1 to {MOST_REQUESTS:,} requests.")
    return requests


def _measured(
    data_dir: str | None, endpoint_url: str | None
) -> tuple[list[Usage], dict[str, int], dict[str, Sequence[Provisioned]]]:
    """By the server, else by the files that it has left."""
    import sqlite3

    from lambda_emu.cli.servers import any_server, own_server
    from lambda_emu.logs.costs import Usage
    from lambda_emu.logs.reader import LogReader

    server: Server | None = any_server(endpoint_url, data_dir) if endpoint_url is not None else own_server(data_dir)
    if server is not None:
        told = server.usage()
        usages = [Usage(**one) for one in told["usages"]]
        return usages, told["logBytes"], _provisioned(server, {*server.functions(), *(one.function for one in usages)})
    chosen = settings(data_dir=data_dir)
    file = chosen.data_dir / "logs.db"
    try:
        return *LogReader(file).usage(chosen.account, chosen.region), {}
    except sqlite3.Error as error:
        raise NotDone(f"{file} cannot be read: {error}") from error


def _provisioned(server: Server, functions: set[str]) -> dict[str, Sequence[Provisioned]]:
    from lambda_emu.logs.costs import Provisioned

    found: dict[str, Sequence[Provisioned]] = {}
    for name in sorted(functions):
        if configs := server.provisioned(name):
            of = server.configuration(name)
            ready = [one["RequestedProvisionedConcurrentExecutions"] for one in configs]
            found[name] = [Provisioned(of["Architectures"][0], of["MemorySize"], concurrency) for concurrency in ready]
    return found


def _print(told: Costs, usages: Sequence[Usage], is_month: bool, as_json: bool) -> None:
    bills = [*told.bills, told.total]
    if as_json:
        for bill in bills:
            show.json_line(_members(bill))
        show.json_line({"freeUSD": _usd(told.free_usd), "toPayUSD": _usd(told.to_pay_usd)})
        return
    show.table(HEADINGS, [_row(bill) for bill in bills])
    terminal.echo(_basis(usages, is_month))
    terminal.echo(f"free each month, for all of an account's functions: {_free()}: -${told.free_usd:,.2f}")
    terminal.echo(f"to pay: ${told.to_pay_usd:,.2f}")
    terminal.echo(_source())


def _basis(usages: Sequence[Usage], is_month: bool) -> str:
    from datetime import UTC, datetime

    if not usages:
        return "no invocation is in the log"
    first, last = min(one.first_ms for one in usages), max(one.last_ms for one in usages)
    begin, end = (f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M}" for at in (first, last))
    count = sum(one.requests for one in usages)
    what = "reckoned up to a month from" if is_month else "the sum of"
    return f"{what} {count:,} invocations in the log, from {begin} to {end} UTC"


def _row(bill: Bill) -> tuple[str, ...]:
    dollars = (bill.request_usd, bill.compute_usd, bill.storage_usd, bill.provisioned_usd, bill.log_usd, bill.total_usd)
    return bill.function, f"{bill.requests:,.0f}", f"{bill.gb_s:,.3f}", *(_dollars(one) for one in dollars)


def _dollars(usd: Decimal) -> str:
    """With as many digits as there must be to see something."""
    if not usd or usd >= 1:
        return f"{usd:,.2f}"
    return f"{usd:.4f}" if usd * 100 >= 1 else f"{usd:.10f}"


def _members(bill: Bill) -> Mapping[str, object]:
    return {
        "function": bill.function,
        "requests": int(bill.requests),
        "gbSeconds": f"{bill.gb_s:.6f}",
        "logGB": f"{bill.log_gb:.9f}",
        "requestUSD": _usd(bill.request_usd),
        "computeUSD": _usd(bill.compute_usd),
        "storageUSD": _usd(bill.storage_usd),
        "provisionedUSD": _usd(bill.provisioned_usd),
        "logUSD": _usd(bill.log_usd),
        "totalUSD": _usd(bill.total_usd),
    }


def _usd(usd: Decimal) -> str:
    return f"{usd:.12f}"


def _free() -> str:
    from lambda_emu.logs.prices import FREE

    return f"{FREE.requests:,} requests, {FREE.gb_s:,} GB-s, {FREE.log_gb} GB of logs"


def _source() -> str:
    from lambda_emu.logs.prices import AS_OF, REGION, SOURCES

    return f"prices of {REGION}, {AS_OF}, by {SOURCES[0]}; `lambda-emu cost --prices` has them"


def _print_prices() -> None:
    from lambda_emu.logs.prices import AS_OF, REGION, SOURCES, shown

    show.table(("WHAT", f"PRICE ({REGION}, {AS_OF})", "FREE EACH MONTH"), shown())
    terminal.echo(" ".join(SOURCES))
