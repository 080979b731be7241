"""What scripts of today ask of LocalStack before they begin: whether it is there, and which services are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge, UnknownPath
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, ServiceClaims
from lambda_emu.http.message import Head
from lambda_emu.services.overview import Overview

PATH = "/_localstack/"
VERSION = "4.0.0"
"""Of the LocalStack whose pages these are like."""
MOST_BYTES = 1024
STATES = {"BOOT": True, "START": True, "READY": True, "SHUTDOWN": False}


class LocalStackPages:
    """`health`, `info`, `init` and `init/STAGE` below PATH, on the loop. is_ready: as our own health says."""

    claims = ServiceClaims(paths=(PATH.encode(),))
    answers_pages = False

    def __init__(self, overview: Overview, is_ready: Callable[[], bool]) -> None:
        self._overview = overview
        self._is_ready = is_ready
        self._handling = Handling(self._serve, MOST_BYTES, RequestTooLarge(MOST_BYTES, PATH))

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._handling

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return error_answer(error, request.request_id)

    def _serve(self, request: Request, call: Call) -> Answer:
        page = request.path.decode("latin-1").removeprefix(PATH).rstrip("/")
        told = self._told(page) if request.method in ("GET", "HEAD") else None
        if told is None:
            return self.error_answer(UnknownPath(request.method, request.path.decode("latin-1")), request)
        return Answer(200, [("Content-Type", "application/json")], json.dumps(told).encode())

    def _told(self, page: str) -> dict[str, Any] | None:
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


def _state(by: str | None, running: bool) -> str:
    if by is None:
        return "disabled"
    return "running" if running else "available"
