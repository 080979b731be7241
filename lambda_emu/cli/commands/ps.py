"""`lambda-emu ps`: the execution environments of a running server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from lambda_emu.cli import show
from lambda_emu.cli.options import endpoint_option, json_option, setting_options

HEADINGS = ("FUNCTION", "VERSION", "TENANT", "STATE", "MEMORY", "AGE", "INVOCATIONS", "ENGINE", "ID")


@click.command()
@setting_options("data_dir")
@endpoint_option
@json_option
def ps(data_dir: str | None, endpoint_url: str | None, as_json: bool) -> None:
    """List the execution environments of a running server.

    It is the one at --endpoint-url, else that of --data-dir or this folder's project, else that at the usual address.
    Where functions run as processes the server asks for its token, which is in its data directory. Name that by
    --data-dir if it is not the one of this folder's project, or the token itself by the variable LAMBDA_EMU_TOKEN.
    """
    from lambda_emu.cli.servers import any_server

    server = any_server(endpoint_url, data_dir)
    environments = server.environments()
    if as_json:
        for environment in environments:
            show.json_line(environment)
        return
    show.table(HEADINGS, [_row(environment) for environment in environments])
    click.echo("{} of {} environments, stems included (max_environments)".format(*server.occupancy()))


def _row(seen: Mapping[str, Any]) -> tuple[str, ...]:
    """A stem has no function yet, and so neither memory size nor age."""
    memory = f"{seen['memory_mb']} MB" if seen["function"] else "-"
    owner = (seen["function"] or "-", seen["version"] or "-", seen["tenant"] or "-")
    return *owner, seen["state"], memory, age(seen["age_s"]), str(seen["invocations"]), seen["engine"], seen["id"]


def age(seconds: float | None) -> str:
    """`59s`, `12m`, `3h`: the largest unit that fits."""
    if seconds is None:
        return "-"
    for limit_s, unit_s, unit in ((60, 1, "s"), (3600, 60, "m")):
        if seconds < limit_s:
            return f"{int(seconds // unit_s)}{unit}"
    return f"{int(seconds // 3600)}h"
