"""Answers what environments ask the extension, each known by the session token of its credentials."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any

from msgspec import Struct, field

from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import HINT, Answer, error_answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, ServiceClaims
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.model.credentials import Credentials
from lambda_emu.services.secrets_extension.questions import Question, Unanswerable, read_question, shown
from lambda_emu.services.secrets_extension.settings import ExtensionSettings

WORKERS = Workers("requests for parameters and secrets", 4, 256)
TOKEN = b"x-aws-parameters-secrets-token"
MOST_BYTES = 64 * 1024
LIMIT_S = 70.0
"""A function that waits for an answer waits no longer, whatever its variables say."""
MOST_ANSWER = 1 << 20
FAILED = "an unexpected error occurred while executing request"
"""What the extension says of whatever the service refused (?); why is in our own header."""


class Kept(Struct):
    """Answers of one environment, the one used last stands last; each with when it is too old."""

    answers: OrderedDict[tuple[object, ...], tuple[float, bytes]] = field(default_factory=OrderedDict)
    lock: Any = field(default_factory=Lock)  # guards the answers; not held while anybody is asked


class Asker(Struct, frozen=True):
    """An environment. credentials, region: of its function."""

    settings: ExtensionSettings
    credentials: Credentials
    region: str
    kept: Kept = field(default_factory=Kept)


class ExtensionService:
    """gateway.services.Service, the only one of its gateway. url: where services are asked. clock: of work."""

    claims = ServiceClaims(rest=True)
    answers_pages = False

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._askers: dict[str, Asker] = {}  # by session token; written on the loop
        self._handling = Handling(self._serve, MOST_BYTES, RequestTooLarge(MOST_BYTES, "requested"), lambda _: WORKERS)

    def add(self, asker: Asker) -> None:
        self._askers[asker.credentials.token] = asker

    def remove(self, asker: Asker) -> None:
        self._askers.pop(asker.credentials.token, None)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._handling

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return error_answer(error, request.request_id)

    def _serve(self, request: Request, call: Call) -> Answer:
        try:
            if request.method != "GET":
                raise Unanswerable(405, "Method Not Allowed")
            asker = self._askers.get(request.header(TOKEN) or "")
            if asker is None:
                raise Unanswerable(401, "X-Aws-Parameters-Secrets-Token is missing or wrong")
            return _answer(200, self._find(asker, read_question(request.path, request.query)))
        except Unanswerable as refusal:
            return _answer(refusal.status, str(refusal).encode(), "text/plain; charset=utf-8")
        except _Refused as refusal:
            hint = str(refusal).encode("ascii", "backslashreplace").decode()[:1024]
            return _answer(refusal.status, FAILED.encode(), "text/plain; charset=utf-8", (HINT, hint))

    def _find(self, asker: Asker, question: Question) -> bytes:
        """What is kept of it, if that is not too old, else what the service says now. _Refused."""
        settings, kept = asker.settings, asker.kept
        now_s = self._clock.monotonic_s()
        with kept.lock:
            until_s, body = kept.answers.get(question.key, (0.0, b""))
            if body and until_s > now_s and not question.is_fresh:
                kept.answers.move_to_end(question.key)
                return body
        body = json.dumps(shown(question, self._ask(asker, question)), separators=(",", ":")).encode()
        ttl_s = settings.ttl_s[question.service]
        with kept.lock:
            if settings.kept and ttl_s:
                kept.answers[question.key] = now_s + ttl_s, body
                kept.answers.move_to_end(question.key)
                while len(kept.answers) > settings.kept:
                    kept.answers.popitem(last=False)
        return body

    def _ask(self, asker: Asker, question: Question) -> Mapping[str, Any]:
        from http.client import HTTPException

        from lambda_emu.services.secrets_extension.asking import signed  # here: with it comes botocore
        from lambda_emu.services.web_requests import send

        asked = signed(self._url, question, asker.credentials, asker.region)
        limit_s = min(asker.settings.timeout_s[question.service] or LIMIT_S, LIMIT_S)
        try:
            answer = send(asked, limit_s, MOST_ANSWER)
            told = json.loads(answer.body)
        except (OSError, HTTPException, ValueError) as error:
            raise _Refused(500, f"{question.service} did not answer: {error}") from error
        if answer.status != 200 or not isinstance(told, dict):
            said = told if isinstance(told, dict) else {}
            code = str(said.get("__type", answer.status)).rpartition("#")[2]
            raise _Refused(answer.status, f"{code}: {said.get('message') or said.get('Message') or ''}")
        return told


class _Refused(Exception):
    """What the service says in place of a value."""

    def __init__(self, status: int, text: str) -> None:
        """status: the service's; AWS's says 400 of all that is the caller's fault, others may say 404."""
        super().__init__(text)
        self.status = 400 if 400 <= status < 500 else 500


def _answer(status: int, body: bytes, type: str = "application/json", *more: tuple[str, str]) -> Answer:
    return Answer(status, [("Content-Type", type), *more], body)
