"""Asking a running server: the Lambda API, and the server's own pages under /_lambda-emu/."""

from __future__ import annotations

import json
import socket
from base64 import b64decode
from collections.abc import Callable
from http.client import HTTP_PORT, HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct

from lambda_emu.api.token import HEADER, HEALTH, OWN
from lambda_emu.arn import Scope, WrittenName
from lambda_emu.cli.options import NotDone, settings

DEFAULT_URL = "http://127.0.0.1:9000"
ANSWER_LIMIT_S = 930.0
"""The longest function timeout, and time to start it."""
GREETING_LIMIT_S = 5.0
"""A busy machine takes its time, and right after its start a server has yet to import what answers."""
NOT_SIGNED = ("MissingAuthenticationTokenException", "IncompleteSignatureException")
"""What a server says that checks signatures."""
OTHER_SECRET = "InvalidSignatureException"
"""What it says of a signature that was made with another secret than its own."""
PENDING = "The function is currently in the following state: Pending"
START_ONE = "start one with `lambda-emu serve`, or name another by --endpoint-url"


class NotFound(NotDone):
    """The server has none of this name."""


class StillPending(NotDone):
    """The function waits for what it runs on."""


class WrongSecret(NotDone):
    """The server checks signatures by another secret than this shell has."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"{url} checks signatures, and its root user's secret is not the one here: set LAMBDA_EMU_ROOT_SECRET to "
            "what the server has in its environment."
        )


class InvokeResult(Struct, frozen=True):
    """What an invocation came back with. tail: the last 4 KB of its log."""

    payload: bytes
    failed: bool
    tail: bytes


class Server:
    """One server by its URL. Every failure is a NotDone that names it."""

    def __init__(self, url: str, token_of: Callable[[str, int], str | None] = lambda *_: None) -> None:
        """token_of: finds the token of its own pages, by host and port, when it is needed."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise NotDone(f"{url!r} is not the address of a server; write it like {DEFAULT_URL}.")
        self.url = url
        self._host, self._port = parts.hostname, parts.port or 80
        self._token_of = token_of

    def is_there(self) -> bool:
        """Whether a lambda-emu answers there."""
        try:
            self._get(HEALTH, GREETING_LIMIT_S)
        except NotDone:
            return False
        return True

    def invoke(self, function: str, payload: bytes) -> InvokeResult:
        """Invoke and wait for the answer and its log."""
        path = f"/2015-03-31/functions/{quote(function, safe='')}/invocations"
        headers = {"X-Amz-Log-Type": "Tail", "Content-Type": "application/json"}
        response, body = self._ask("POST", path, payload, headers)
        if response.status != 200:
            raise _refusal(response, body)
        return InvokeResult(
            payload=body,
            failed=response.getheader("X-Amz-Function-Error") is not None,
            tail=b64decode(response.getheader("X-Amz-Log-Result") or ""),
        )

    def configuration(self, function: str, scope: Scope | None = None) -> dict[str, Any]:
        """GetFunctionConfiguration. scope: where, if not in the server's own account and region."""
        path = f"/2015-03-31/functions/{quote(function, safe='')}/configuration"
        return self._get(path, scope=scope)  # type: ignore[no-any-return]

    def occupancy(self) -> tuple[int, int]:
        """How many environments there are, and how many there may be."""
        found = self._get(HEALTH)
        return found["environments"], found["max_environments"]

    def engine(self) -> str:
        """What runs its functions."""
        return str(self._get(HEALTH)["engine"])

    def functions(self, scope: Scope | None = None) -> list[str]:
        """The names of ListFunctions' first page; none from a server that does not say."""
        try:
            found = self._get("/2015-03-31/functions/", GREETING_LIMIT_S, scope)
            return [one["FunctionName"] for one in found["Functions"]]
        except (NotDone, KeyError, TypeError):
            return []

    def environments(self) -> list[dict[str, Any]]:
        """What the pool holds."""
        return self._get(f"{OWN}environments")  # type: ignore[no-any-return]

    def services(self) -> dict[str, Any]:
        """What is served, by whom, in which processes; and what people would have been sent."""
        return self._get(f"{OWN}services")  # type: ignore[no-any-return]

    def explain(self, request_id: str) -> dict[str, Any]:
        """As `access.explaining.Explained.told` has it. NotFound."""
        return self._get(f"{OWN}iam?{urlencode({'request': request_id})}")  # type: ignore[no-any-return]

    def clock(self) -> dict[str, Any]:
        """As `api.clock_page.shown` has it."""
        return self._get(f"{OWN}clock")  # type: ignore[no-any-return]

    def move_clock(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The same, once it was moved as far as it came in some seconds."""
        return self._own("POST", f"{OWN}clock", json.dumps(asked).encode())  # type: ignore[no-any-return]

    def logs(self, function: WrittenName, after: int | None, segments: int) -> dict[str, Any]:
        """Log events as logs.reader.answer gives them; without account or region, of the server's own."""
        of = {"function": function.name, "account": function.account, "region": function.region}
        asked = {**of, "limit": segments, "after": after}
        query = {name: value for name, value in asked.items() if value is not None}
        return self._get(f"{OWN}logs?{urlencode(query)}")  # type: ignore[no-any-return]

    def invocations(self, account: str, after: int) -> dict[str, Any]:
        """As `logs.of_account.invocations` has them."""
        asked = urlencode({"account": account, "after": after})
        return self._get(f"{OWN}invocations?{asked}")  # type: ignore[no-any-return]

    def log_of_account(self, account: str, since_ms: int) -> str:
        """The last lines of all its functions."""
        asked = urlencode({"account": account, "since_ms": since_ms})
        return str(self._get(f"{OWN}logs?{asked}")["log"])

    def reset(self, account: str | None = None) -> None:
        """Empty an account, or all of them."""
        asked = "" if account is None else f"?{urlencode({'account': account})}"
        self._own("POST", f"{OWN}reset{asked}", b"")

    def usage(self) -> dict[str, Any]:
        """What is kept in the log of the server's own account and region: `usages`, and `logBytes` by function."""
        return self._get(f"{OWN}usage")  # type: ignore[no-any-return]

    def provisioned(self, function: str) -> list[dict[str, Any]]:
        """The first page of its provisioned concurrency; none of a function that is gone."""
        path = f"/2019-09-30/functions/{quote(function, safe='')}/provisioned-concurrency?List=ALL"
        try:
            return self._get(path)["ProvisionedConcurrencyConfigs"]  # type: ignore[no-any-return]
        except NotFound:
            return []

    def _get(self, path: str, limit_s: float = ANSWER_LIMIT_S, scope: Scope | None = None) -> Any:
        return self._own("GET", path, None, limit_s, scope)

    def _own(
        self, method: str, path: str, asked: bytes | None, limit_s: float = ANSWER_LIMIT_S, scope: Scope | None = None
    ) -> Any:
        """What a page of JSON answers."""
        headers = self._pass(path) | ({} if scope is None else _as_of(scope))
        response, body = self._ask(method, path, asked, headers, limit_s, scope)
        if response.status != 200:
            refusal = _refusal(response, body)
            if HEADER in refusal.message:
                raise NotDone(f"{refusal.message} Here: --data-dir with its folder, or LAMBDA_EMU_TOKEN.")
            raise refusal
        try:
            return json.loads(body)
        except ValueError as error:
            raise NotDone(f"{self.url} does not answer like a lambda-emu server.") from error

    def _pass(self, path: str) -> dict[str, str]:
        """The token as a header, for the pages that may ask for it."""
        if not path.startswith(OWN) or path == HEALTH:
            return {}
        token = self._token_of(self._host, self._port)
        return {} if token is None else {HEADER: token}

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        limit_s: float = ANSWER_LIMIT_S,
        scope: Scope | None = None,
    ) -> tuple[HTTPResponse, bytes]:
        """Signed where that is asked for: most servers check nothing, and signing takes imports."""
        response, answer = self._send(method, path, body, headers, limit_s)
        if response.status == 403 and response.getheader("x-amzn-ErrorType") in NOT_SIGNED:
            signature = self._signature(method, path, body or b"", scope)
            response, answer = self._send(method, path, body, headers | signature, limit_s)
            if response.status == 403 and response.getheader("x-amzn-ErrorType") == OTHER_SECRET:
                raise WrongSecret(self.url)
        return response, answer

    def _signature(self, method: str, path: str, body: bytes, scope: Scope | None) -> dict[str, str]:
        """The root user's, by the secret that LAMBDA_EMU_ROOT_SECRET says here."""
        from lambda_emu.clock import Clock  # here: few servers check signatures
        from lambda_emu.model.credentials import ROOT_KEY, Credentials
        from lambda_emu.signatures.signing import Unsigned, signature_headers

        chosen = settings()
        account, region = (ROOT_KEY, chosen.region) if scope is None else (scope.account, scope.region)
        host = self._host if self._port == HTTP_PORT else f"{self._host}:{self._port}"
        asked = Unsigned(method, path, host, body, "lambda", region)
        return signature_headers(asked, Credentials(account, chosen.root_secret, ""), Clock().now_s())

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], limit_s: float
    ) -> tuple[HTTPResponse, bytes]:
        connection = _Connection(self._host, self._port, timeout=limit_s)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response, response.read()
        except (OSError, HTTPException) as error:
            why = getattr(error, "strerror", None) or error
            raise NotDone(f"no server answers at {self.url} ({why}); {START_ONE}.") from error
        finally:
            connection.close()


class _Connection(HTTPConnection):
    def connect(self) -> None:
        """Without the codec for names of other alphabets, which takes 3 ms to import, where none is needed."""
        host = self.host.encode() if self.host.isascii() else self.host
        self.sock = socket.create_connection((host, self.port), self.timeout)  # type: ignore[arg-type]
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _as_of(scope: Scope) -> dict[str, str]:
    """By which a request is that account's and region's; most servers check nothing else of a signature."""
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope.account}/0/{scope.region}/lambda/aws4_request"}


def _refusal(response: HTTPResponse, body: bytes) -> NotDone:
    message = _message(response, body)
    if response.status == 409 and message.endswith(PENDING):
        return StillPending(message)
    return (NotFound if response.status == 404 else NotDone)(message)


def _message(response: HTTPResponse, body: bytes) -> str:
    """AWS's own text, whichever way it is spelled, or the status."""
    try:
        members = json.loads(body)
        return str(members.get("message") or members["Message"])
    except (ValueError, KeyError, AttributeError):
        return f"the server answered {response.status} {response.reason}"
