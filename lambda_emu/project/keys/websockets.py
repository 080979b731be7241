"""`events: websocket`: routes of the project's WebSocket API."""

from __future__ import annotations

from lambda_emu.model.value_types import FLAG, choice, text
from lambda_emu.project.keys.event_kind import EventKind
from lambda_emu.project.keys.shapes import Key
from lambda_emu.project.keys.types import single

ROUTE = text("a route key such as $connect, $default or join", r"\$(connect|disconnect|default)|[^\s$]{1,256}")

WEBSOCKET = EventKind(
    "route",
    (
        Key("route", "name", single(ROUTE), "Of the project's WebSocket API.", required=True),
        Key("answers", "Answers", single(FLAG), "Whether its `body` is sent to the client.", default="`false`"),
        Key(
            "auth",
            "AuthorizationType",
            single(choice("NONE", "AWS_IAM")),
            "Who may connect; of `$connect` alone.",
            default="`NONE`",
        ),
    ),
    "A message by WebSocket, or a client that comes or leaves.",
)
