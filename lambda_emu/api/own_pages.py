"""What this emulator tells about itself, under /_lambda-emu/: for its own command line, and for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from flask import Flask, Response, jsonify, request

from lambda_emu.arn import Scope
from lambda_emu.logs.reader import LogReader, answer
from lambda_emu.pool.pool import Sight

MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Insight:
    """What may be told and asked for. scope: of the emulator's own functions. sights, reset: not on the loop."""

    engine: str
    scope: Scope
    sights: Callable[[], list[Sight]]
    logs: LogReader
    reset: Callable[[], None]


def add_pages(app: Flask, insight: Insight) -> None:
    """`health`, `environments`, `logs` and, to POST, `reset`, all JSON.

    logs: `?function=NAME[&account=ACCOUNT][&region=REGION][&after=PAGE][&limit=PAGES]`.
    """

    def health() -> Response:
        return jsonify({"status": "ok", "engine": insight.engine})

    def environments() -> Response:
        return jsonify([asdict(sight) | {"engine": insight.engine} for sight in insight.sights()])

    def logs() -> Response:
        own = insight.scope
        scope = Scope(request.args.get("account", own.account), request.args.get("region", own.region))
        function = scope.function(request.args.get("function", ""))
        after = request.args.get("after", type=int)
        limit = min(request.args.get("limit", 1000, type=int), MOST_PAGES)
        return jsonify(answer(insight.logs, function, after, limit))

    def reset() -> Response:
        insight.reset()
        return jsonify({"status": "ok"})

    for view in (health, environments, logs):
        app.add_url_rule(f"/_lambda-emu/{view.__name__}", f"own_{view.__name__}", view)
    app.add_url_rule("/_lambda-emu/reset", "own_reset", reset, methods=["POST"])
