"""What scripts of today ask of LocalStack: whether it is there, which services are, and which e-mails SES has sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge, UnknownPath
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, ServiceClaims
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.services.overview import Overview

PATH, MAILS = "/_localstack/", "/_aws/ses"
LOOKS = Workers("looks at e-mails", 1, 16)
VERSION = "4.0.0"
"""Of the LocalStack whose pages these are like."""
MOST_BYTES = 1024
STATES = {"BOOT": True, "START": True, "READY": True, "SHUTDOWN": False}


class LocalStackPages:
    """`health`, `info`, `init` and `init/STAGE` below PATH, on the loop; MAILS. is_ready: as our own health says."""

    claims = ServiceClaims(paths=(PATH.encode(), MAILS.encode()))
    answers_pages = False

    def __init__(self, overview: Overview, is_ready: Callable[[], bool]) -> None:
        self._overview = overview
        self._is_ready = is_ready
        self._handling = Handling(self._serve, MOST_BYTES, RequestTooLarge(MOST_BYTES, PATH))
        self._looking = Handling(self._serve, MOST_BYTES, RequestTooLarge(MOST_BYTES, MAILS), lambda _: LOOKS)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._looking if path == MAILS.encode() else self._handling

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return error_answer(error, request.request_id)

    def _serve(self, request: Request, call: Call) -> Answer:
        page = request.path.decode("latin-1").removeprefix(PATH).rstrip("/")
        told = self._told(page, request.query) if request.method in ("GET", "HEAD") else None
        if told is None:
            return self.error_answer(UnknownPath(request.method, request.path.decode("latin-1")), request)
        return Answer(200, [("Content-Type", "application/json")], json.dumps(told).encode())

    def _told(self, page: str, query: bytes) -> dict[str, Any] | None:
        if page == MAILS:
            return {"messages": _mails(self._overview.told()["outbox"], query)}
        if page == "health":
            states = {one.name: _state(one.by, one.running) for one in self._overview.services()}
            return {"services": states, "edition": "lambda-emu", "version": VERSION}
        if page == "info":
            return {"version": VERSION, "edition": "lambda-emu", "is_license_activated": False, "is_docker": False}
        completed = STATES | {"READY": self._is_ready()}
        if page == "init":
            return {"completed": completed, "scripts": []}
        stage = re.fullmatch(r"init/(boot|start|ready|shutdown)", page)
        return None if stage is None else {"completed": completed[stage[1].upper()], "scripts": []}


def _mails(outbox: Sequence[Mapping[str, Any]], query: bytes) -> list[dict[str, Any]]:
    """Those of SES, in LocalStack's words. query: may name the `id` of one, or by `email` who sent it."""
    from email.utils import parseaddr  # here: few look

    asked = dict(parse_qsl(query.decode("latin-1")))
    return [
        _mail(one)
        for one in outbox
        if "from" in one
        and asked.get("id", one["id"]) == one["id"]
        and ("email" not in asked or parseaddr(one["from"])[1] == asked["email"])
    ]


def _mail(sent: Mapping[str, Any]) -> dict[str, Any]:
    from email.utils import getaddresses

    lists = {name: getaddresses([sent.get(name.lower(), "")]) for name in ("To", "Cc", "Bcc")}
    return {
        "Id": sent["id"],
        "Region": sent["region"],
        "Timestamp": sent["time"],
        "Source": sent["from"],
        "Destination": {f"{name}Addresses": [found[1] for found in listed] for name, listed in lists.items() if listed},
        "Subject": sent["subject"],
        "Body": {"text_part": sent["text"] or None, "html_part": sent["html"] or None},
    }


def _state(by: str | None, running: bool) -> str:
    if by is None:
        return "disabled"
    return "running" if running else "available"
