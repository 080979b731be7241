"""AWS integrations that lead to another service of AWS: asked at this server's own port, whoever serves it there."""

from __future__ import annotations

import re
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from lambda_emu.gateway.services import SMALL_BYTES
from lambda_emu.model.credentials import Credentials, RoleSession
from lambda_emu.services.catalogue import KNOWN, Known
from lambda_emu.signatures.signing import Unsigned, signature_headers
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.execute_api.upstream import PASSED_ON, UpstreamRequest
from lambda_emu.triggers.rest_apis.integrations.answered import Answered
from lambda_emu.triggers.rest_apis.integrations.http import NO_BODY, answer_of
from lambda_emu.triggers.rest_apis.mapping.requests import IntegrationRequest
from lambda_emu.triggers.rest_apis.refusals import Misconfigured

OTHERWISE = {"states": "stepfunctions", "email": "ses", "monitoring": "cloudwatch"}
"""Services by the names that an integration's URI has for them."""
JSON_1_1 = ("kinesis", "events", "logs", "ssm", "secretsmanager", "kms", "cognito-idp")
FORM = "application/x-www-form-urlencoded"
SESSION = "BackplaneAssumeRoleSession"
MOST_KEPT = 256

_ROLE = re.compile(r"arn:[a-z-]{1,32}:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_URI = re.compile(
    r"arn:[a-z-]+:apigateway:(?P<region>[a-z0-9-]+):(?P<service>[a-z0-9.-]+):(?P<kind>path|action)/(?P<rest>.*)"
)


class ServiceCall(Protocol):
    """What an API asks of a service. account: the API's. role: whose credentials it has; None: the account's own.

    uri: with all its variables in it.
    """

    @property
    def account(self) -> str: ...
    @property
    def role(self) -> str | None: ...
    @property
    def uri(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def timeout_s(self) -> float: ...
    @property
    def mapped(self) -> IntegrationRequest: ...


class Services:
    """Asks them, signed for an integration's role, else for the API's account."""

    def __init__(self, seams: Seams) -> None:
        self._loop = seams.loop
        self._clock = seams.clock
        self._issuer = seams.hosting.issuer
        self._base_url = seams.hosting.base_url
        self._kept: dict[tuple[str, str | None], Credentials] = {}

    async def ask(self, call: ServiceCall) -> Answered:
        """Misconfigured, IntegrationFailed, IntegrationTimedOut."""
        found = _URI.fullmatch(call.uri)
        if found is None:
            raise Misconfigured("The URI of the integration names no service of AWS.")
        service = found["service"].rpartition(".")[2]
        known = KNOWN.get(OTHERWISE.get(service, service))
        if known is None:
            raise Misconfigured(f"{service} is not served here.")
        asked = _by_action(call, known, found["rest"]) if found["kind"] == "action" else _by_path(call, found["rest"])
        method, path, headers, body = asked
        request = UpstreamRequest(method, f"{self._base_url}{path}", headers, body, call.timeout_s)
        credentials = self._credentials(call.account, call.role)
        told = request, known.signing_name, found["region"], credentials, self._clock.now_s()
        is_small = len(body) <= SMALL_BYTES
        signed = _signed(*told) if is_small else await self._loop.work(PASSED_ON, _signed, *told)
        return await answer_of(signed, self._loop)

    def _credentials(self, account: str, role: str | None) -> Credentials:
        """What passes the caller's own on, as `arn:aws:iam::*:user/*` asks for, is the account's (?)."""
        whose = account, role if role is not None and _ROLE.fullmatch(role) else None
        if whose not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            nonce = self._clock.new_token()
            if whose[1] is None:
                self._kept[whose] = self._issuer.of_service(account, nonce)
            else:
                self._kept[whose] = self._issuer.of_role(account, nonce, RoleSession(whose[1], SESSION))
        return self._kept[whose]


ServiceRequest = tuple[str, str, list[tuple[str, str]], bytes]
"""Method, path with a query, headers, body."""


def _headers(call: ServiceCall) -> dict[str, str]:
    return {name: values[-1] for name, values in call.mapped.headers.items()}


def _by_path(call: ServiceCall, path: str) -> ServiceRequest:
    """As it would be sent to the service."""
    query = urlencode(call.mapped.query, doseq=True)
    said = f"/{path}{('&' if '?' in path else '?') if query else ''}{query}"
    body = b"" if call.method in NO_BODY else call.mapped.body
    return call.method, quote(said, safe="/?&=%:+@!$'()*,;~-._"), list(_headers(call).items()), body


def _by_action(call: ServiceCall, known: Known, action: str) -> ServiceRequest:
    """An operation: by its target, or of a query API as a form."""
    action, _, more = action.partition("&")
    headers = _headers(call)
    named = {name.lower() for name in headers}
    if known.claims.targets:
        target = known.claims.targets[0].decode() + action
        version = "1.1" if known.name in JSON_1_1 else "1.0"
        if "x-amz-target" not in named:
            headers["X-Amz-Target"] = target
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        headers["Content-Type"] = f"application/x-amz-json-{version}"
        return "POST", "/", list(headers.items()), call.mapped.body or b"{}"
    version = known.claims.versions[0].decode() if known.claims.versions else ""
    form: list[tuple[str, Any]] = [("Action", action), ("Version", version), *parse_qsl(more)]
    form += [(name, value) for name, values in call.mapped.query.items() for value in values]
    form += parse_qsl(call.mapped.body.decode("utf-8", "replace")) if call.method not in NO_BODY else []
    headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    return "POST", "/", [*headers.items(), ("Content-Type", FORM)], urlencode(form).encode()


def _signed(asked: UpstreamRequest, service: str, region: str, whose: Credentials, now_s: float) -> UpstreamRequest:
    """With all that AWS's services ask for in headers of their own, which S3 wants signed."""
    parts = urlsplit(asked.url)
    target = f"{parts.path}{'?' if parts.query else ''}{parts.query}"
    own = {name.lower(): value for name, value in asked.headers if name.lower().startswith("x-amz-")}
    unsigned = Unsigned(asked.method, target, parts.netloc, asked.body, service, region, own)
    made = {"host": parts.netloc, **signature_headers(unsigned, whose, now_s)}
    replaced = {name.lower() for name in made} | {"content-length"}
    headers = [one for one in asked.headers if one[0].lower() not in replaced]
    return asked._replace(headers=[*made.items(), *headers])
