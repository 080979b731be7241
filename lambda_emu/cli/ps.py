"""`lambda-emu ps`: the execution environments of a running server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from lambda_emu.cli import show
from lambda_emu.cli.options import endpoint_option, json_option

HEADINGS = ("FUNCTION", "VERSION", "TENANT", "STATE", "MEMORY", "AGE", "INVOCATIONS", "ENGINE", "ID")


@click.command()
@endpoint_option
@json_option
def ps(endpoint_url: str | None, as_json: bool) -> None:
    """List the execution environments of a running server."""
    from lambda_emu.cli.client import DEFAULT_URL, Server

    environments = Server(endpoint_url or DEFAULT_URL).environments()
    if as_json:
        for environment in environments:
            click.echo(json.dumps(environment))
        return
    show.table(HEADINGS, [_row(environment) for environment in environments])


def _row(seen: Mapping[str, Any]) -> tuple[str, ...]:
    """A stem has no function yet, and so no memory size."""
    memory = f"{seen['memory_mb']} MB" if seen["function"] else "-"
    owner = (seen["function"] or "-", seen["version"] or "-", seen["tenant"] or "-")
    return *owner, seen["state"], memory, age(seen["age_s"]), str(seen["invocations"]), seen["engine"], seen["id"]


def age(seconds: float) -> str:
    """`59s`, `12m`, `3h`: the largest unit that fits."""
    for limit_s, unit_s, unit in ((60, 1, "s"), (3600, 60, "m")):
        if seconds < limit_s:
            return f"{int(seconds // unit_s)}{unit}"
    return f"{int(seconds // 3600)}h"
