"""What this emulator tells about itself, under /_lambda-emu/: for its own command line, and for whoever watches it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from flask import Flask, Response, jsonify, make_response, request
from msgspec import Struct
from msgspec.structs import asdict

from lambda_emu.api import artifacts
from lambda_emu.api.app import empty_app
from lambda_emu.api.clock_page import ClockMover, move_clock, read_clock, shown
from lambda_emu.api.token import HEADER, OWN
from lambda_emu.arn import Scope
from lambda_emu.errors.base import InvalidParameter
from lambda_emu.gateway.refusals import TokenMissing
from lambda_emu.logs.of_account import invocations as list_invocations
from lambda_emu.logs.of_account import last_lines
from lambda_emu.logs.reader import LogReader, answer
from lambda_emu.pool.pool import EnvironmentInfo, Occupancy
from lambda_emu.store import Store

OPEN = ("own_health", "artifact")
"""Endpoints below OWN that anybody may read: who knows the hash of some code has it, as with a URL of S3."""
ONLY_READ = ("GET", "HEAD", "OPTIONS")
ACCOUNT = re.compile(r"\d{12}", re.ASCII)
MOST_SEGMENTS = 10_000
LAST_SEGMENT = (1 << 63) - 1
"""The largest number that SQLite knows."""


class NoAccount(InvalidParameter):
    text_key = "Message"

    def __init__(self, given: str) -> None:
        super().__init__(f"{given[:80]!r} is no account, which has 12 digits")


class Insight(Struct, frozen=True):
    """What may be told and asked for. scope: of the emulator's own functions. describe, reset: not on the loop.

    write_logs: waits until what was logged so far can be read. occupancy: anywhere. is_ready: whether all is there that
    the project declares. services: what is served, by whom; not on the loop. token: what pages that change something
    ask for. token_file: where its user finds it. reachable: functions reach these pages, so that those which only tell
    something ask for the token too. clock: of work. explain: why a request was let through or refused, by its id.
    """

    engine: str
    scope: Scope
    describe: Callable[[], list[EnvironmentInfo]]
    logs: LogReader
    write_logs: Callable[[], object]
    reset: Callable[[str | None], None]
    token: str
    token_file: str
    reachable: bool
    occupancy: Callable[[], Occupancy]
    is_ready: Callable[[], bool]
    services: Callable[[], dict[str, Any]]
    clock: ClockMover
    explain: Callable[[str], dict[str, Any] | None]


def create_pages(store: Store) -> Flask:
    """What anybody may read: the code behind a function's `Code.Location`."""
    app = empty_app()
    app.add_url_rule(artifacts.RULE, "artifact", artifacts.view(store))
    return app


def add_pages(app: Flask, insight: Insight) -> None:
    """Each below OWN, in JSON."""
    app.before_request(lambda: _check_token(insight))
    for name, (page, methods) in PAGES.items():
        app.add_url_rule(f"{OWN}{name}", f"own_{name}", partial(page, insight), methods=methods)


def _health(insight: Insight) -> Response:
    is_ready = insight.is_ready()
    told = {"status": "ok" if is_ready else "starting", "engine": insight.engine} | asdict(insight.occupancy())
    return make_response(jsonify(told), 200 if is_ready else 503)


def _environments(insight: Insight) -> Response:
    return jsonify([asdict(info) | {"engine": insight.engine} for info in insight.describe()])


def _services(insight: Insight) -> Response:
    return jsonify(insight.services() | {"clock": shown(insight.clock.read())})


def _iam(insight: Insight) -> Response:
    """`?request=ID`."""
    told = insight.explain(request.args.get("request", ""))
    return make_response(jsonify(told), 200 if told is not None else 404)


def _logs(insight: Insight) -> Response:
    """`?function=NAME[&account=ACCOUNT][&region=REGION][&after=SEGMENT][&limit=SEGMENTS]`, or of all functions of an
    account `?account=ACCOUNT[&since_ms=TIME]`."""
    own = insight.scope
    if "function" not in request.args and "account" in request.args:
        insight.write_logs()
        return jsonify(last_lines(insight.logs, request.args["account"], _whole("since_ms")))
    scope = Scope(request.args.get("account", own.account), request.args.get("region", own.region))
    function = scope.function(request.args.get("function", ""))
    after = request.args.get("after", type=int)
    limit = min(max(request.args.get("limit", 1000, type=int), 1), MOST_SEGMENTS)
    insight.write_logs()
    return jsonify(answer(insight.logs, function, None if after is None else min(max(after, 0), LAST_SEGMENT), limit))


def _invocations(insight: Insight) -> Response:
    """`[?account=ACCOUNT][&after=SEGMENT]`."""
    insight.write_logs()
    account = request.args.get("account", insight.scope.account)
    return jsonify(list_invocations(insight.logs, account, _whole("after")))


def _usage(insight: Insight) -> Response:
    insight.write_logs()
    usages, log_bytes = insight.logs.usage(insight.scope.account, insight.scope.region)
    return jsonify({"usages": [asdict(one) for one in usages], "logBytes": log_bytes})


def _clock(insight: Insight) -> Response:
    if request.method != "POST":
        return read_clock(insight.clock)
    told = move_clock(insight.clock)
    insight.write_logs()  # who moved it looks at what came of that
    return told


def _reset(insight: Insight) -> Response:
    """`[?account=ACCOUNT]`. NoAccount."""
    account = request.args.get("account")
    if account is not None and ACCOUNT.fullmatch(account) is None:
        raise NoAccount(account)
    insight.reset(account)
    return jsonify({"status": "ok"})


PAGES: Mapping[str, tuple[Callable[[Insight], Response], Sequence[str]]] = {
    "health": (_health, ("GET",)),
    "environments": (_environments, ("GET",)),
    "services": (_services, ("GET",)),
    "iam": (_iam, ("GET",)),
    "logs": (_logs, ("GET",)),
    "invocations": (_invocations, ("GET",)),
    "usage": (_usage, ("GET",)),
    "clock": (_clock, ("GET", "POST")),
    "reset": (_reset, ("POST",)),
}
"""By its name: the page, and how it may be asked."""


def _whole(name: str) -> int:
    """An argument that is a number, such as SQLite takes; 0 without it."""
    return min(max(request.args.get(name, 0, type=int), 0), LAST_SEGMENT)


def _check_token(insight: Insight) -> None:
    """By the rule that was chosen, however the path was written; what is not known to be open is closed."""
    rule = request.url_rule
    if rule is None or rule.endpoint in OPEN:
        return
    if request.method in ONLY_READ and not insight.reachable:
        return
    given = request.headers.get(HEADER, "")
    if not hmac.compare_digest(given.encode(), insight.token.encode()):
        raise TokenMissing(HEADER, insight.token_file)
