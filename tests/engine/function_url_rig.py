"""Function URLs, and answers to whoever asks over HTTP without an SDK."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from lam import Lam

ECHO = """
import base64, json, os, time
CALLS = []
def handler(event, context):
    CALLS.append(event)
    body = event.get("body")
    if body is None:
        return event
    if event["isBase64Encoded"]:
        body = base64.b64decode(body).decode("latin-1")
    return eval(body)
"""
FORBIDDEN = {
    "Message": "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
}


class Got(NamedTuple):
    """An answer as it came."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    url: str,
    body: str | bytes | None = None,
    method: str = "",
    headers: Mapping[str, str] | None = None,
    path: str = "",
) -> Got:
    """Of the URL as it was told. A text is an expression that the function returns the value of."""
    parts = urlsplit(url)
    said = {"Content-Type": "text/plain"} if isinstance(body, str) else {}
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(
            method or ("GET" if body is None else "POST"), parts.path + path, body, said | dict(headers or {})
        )
        answer = connection.getresponse()
        return Got(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def by_host(lam: Lam, url: str, **params: Any) -> Got:
    """By its host below `localhost`, whatever the resolver says."""
    headers = {"Host": f"{id_of(url)}.lambda-url.us-east-1.localhost:9000"} | params.pop("headers", {})
    return ask(f"{lam.emulator.url}/", headers=headers, **params)


def id_of(url: str) -> str:
    parts = urlsplit(url)
    return parts.path.split("/")[3] if parts.path != "/" else parts.netloc.partition(".")[0]


def made(lam: Lam, name: str, auth_type: Any = "NONE", qualifier: str | None = None, **config: Any) -> str:
    """A URL whose policy lets in everybody, or whoever signs."""
    named: Any = {"FunctionName": name} | ({} if qualifier is None else {"Qualifier": qualifier})
    url = lam.client.create_function_url_config(**named, AuthType=auth_type, **config)["FunctionUrl"]
    if auth_type == "NONE":
        let_in(lam, named, "*", auth_type)
    return url


def let_in(lam: Lam, named: Any, principal: str, auth_type: Any) -> None:
    lam.client.add_permission(
        **named,
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal=principal,
        FunctionUrlAuthType=auth_type,
    )
    lam.client.add_permission(
        **named,
        StatementId="invoke",
        Action="lambda:InvokeFunction",
        Principal=principal,
        InvokedViaFunctionUrl=True,
    )
