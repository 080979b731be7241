"""`lambda-emu iam explain`: why a running server let a request through or refused it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from lambda_emu.cli import show
from lambda_emu.cli.options import NotDone, endpoint_option, json_option, setting_options

HEADINGS = ("ACTION", "RESOURCE", "ON AWS", "WHY")


@click.group(short_help="Say why requests are refused.")
def iam() -> None:
    """Say what users, roles and other accounts may do, as far as a running server looks at that (setting `iam`)."""


@iam.command()
@click.argument("request_id")
@setting_options("data_dir")
@endpoint_option
@json_option
def explain(request_id: str, data_dir: str | None, endpoint_url: str | None, as_json: bool) -> None:
    """Tell why the request with this id was let through or refused, and what to add to which policies.

    The id is `x-amzn-RequestId` of its answer, of S3's `x-amz-request-id`. The last 2,048 requests that were held
    against policies are known; a signature that does not hold is refused before. Which server is asked, and when it
    asks for its token, is as with `ps`.
    """
    from lambda_emu.cli.client import NotFound
    from lambda_emu.cli.servers import any_server

    try:
        told = any_server(endpoint_url, data_dir).explain(request_id)
    except NotFound as error:
        text = (
            f"nothing was decided of a request {request_id} by policies: its signature was refused before, whoever "
            "signs may ask for that, or 2,048 others came since."
        )
        raise NotDone(text) from error
    if as_json:
        show.json_line(told)
        return
    click.echo(told["caller"])
    show.table(HEADINGS, [_row(one) for one in told["asked"]])
    for one in told["asked"]:
        if one["cure"]:
            click.echo(f"{one['action']}: {_cure(**one['cure'])}")


def _cure(text: str, statement: Mapping[str, Any] | None) -> str:
    return text if statement is None else f"{text} {json.dumps(statement)}"


def _row(one: Mapping[str, Any]) -> tuple[str, str, str, str]:
    statement = f", statement {one['statement']}" if one["statement"] else ""
    where = f" ({one['policy']}{statement})" if one["policy"] else ""
    verdict = "allowed" if one["allowed"] else "refused" if one["refused"] else "refused there, let through here"
    return one["action"], one["resource"], verdict, f"{one['why']}{where}"
