"""HTTP back ends of WebSocket APIs: HTTP and HTTP_PROXY. On workers. docs/contract/events.md#websocket-apis."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPException
from urllib.parse import quote, urlencode, urlsplit

from lambda_emu.http.executors import Workers
from lambda_emu.triggers.execute_api import upstream
from lambda_emu.triggers.execute_api.upstream import UpstreamRequest
from lambda_emu.triggers.websocket_apis.functions import MOST_ANSWER_BYTES
from lambda_emu.triggers.websocket_apis.mapping import BackEndAnswer
from lambda_emu.triggers.websocket_apis.refusals import BackEndFailed, BackEndLate

URLS = Workers("messages that WebSocket APIs pass on", 16, 256)


def request_to(
    url: str, method: str, mapped: Mapping[str, Mapping[str, str]], variables: Mapping[str, str], body: bytes
) -> UpstreamRequest:
    """url: with variables of the stage in it. mapped: parameters by their places. BackEndFailed."""
    url = filled(url, mapped["path"], variables)
    if mapped["querystring"]:
        url += f"{'&' if '?' in url else '?'}{urlencode(mapped['querystring'])}"
    if urlsplit(url).scheme not in ("http", "https"):
        raise BackEndFailed("The URI of the integration is no URL of HTTP.")
    headers = {"content-type": "application/json", **{name.lower(): value for name, value in mapped["header"].items()}}
    return UpstreamRequest("POST" if method == "ANY" else method, url, list(headers.items()), body, 0.0)


def filled(uri: str, path: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """With its variables, and those of the stage."""
    for name, value in variables.items():
        uri = uri.replace(f"${{stageVariables.{name}}}", value)
    for name, value in path.items():
        uri = uri.replace(f"{{{name}}}", quote(value, safe="-_.~"))
    return uri


def ask(asked: UpstreamRequest) -> BackEndAnswer:
    """BackEndLate: nobody answers in time; BackEndFailed: with what is no answer, or too much."""
    try:
        connection, answer = upstream.ask(asked)
        with closing(connection):
            body = answer.read(MOST_ANSWER_BYTES + 1)
            headers = {name.lower(): value for name, value in answer.getheaders()}
    except TimeoutError as error:
        raise BackEndLate(f"The integration's URL does not answer within {asked.timeout_s:g} s.") from error
    except (OSError, HTTPException, ValueError) as error:
        raise BackEndFailed(f"The integration's URL cannot be asked: {error}") from error
    if len(body) > MOST_ANSWER_BYTES:
        raise BackEndFailed(f"The integration's URL answered with more than {MOST_ANSWER_BYTES} bytes.")
    return BackEndAnswer(answer.status, body, headers)
