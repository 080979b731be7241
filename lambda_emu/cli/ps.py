"""`lambda-emu ps`: the execution environments of a running server."""

from __future__ import annotations

import json

import click

from lambda_emu.cli import show
from lambda_emu.cli.options import endpoint_option, json_option

HEADINGS = ("FUNCTION", "VERSION", "STATE", "MEMORY", "AGE", "INVOCATIONS", "ENGINE", "ID")


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
    rows = [
        (
            e["function"],
            e["version"],
            e["state"],
            f"{e['memory_mb']} MB",
            age(e["age_s"]),
            e["invocations"],
            e["engine"],
            e["id"],
        )
        for e in environments
    ]
    show.table(HEADINGS, rows)


def age(seconds: float) -> str:
    """`59s`, `12m`, `3h`: the largest unit that fits."""
    for limit_s, unit_s, unit in ((60, 1, "s"), (3600, 60, "m")):
        if seconds < limit_s:
            return f"{int(seconds // unit_s)}{unit}"
    return f"{int(seconds // 3600)}h"
