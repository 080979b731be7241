"""A request that is refused, and how that is said in the form which the service's clients read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from lambda_emu.services.s3_ids import s3_ids

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

BODY = "lambda_emu.body"
"""Key of an environ: the body, of services that have small ones."""
XML = frozenset(("s3", "s3control"))
QUERY = frozenset(("cloudwatch", "elbv2", "iam", "ses", "sns", "sts"))
"""Those of the query protocol; what has a target speaks JSON all the same."""
REST_JSON = frozenset(("apigateway", "apigatewayv2", "sesv2", "xray"))


class Refused(Exception):
    """code, text: in AWS's words where those are known."""

    def __init__(self, code: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


def is_form(backend: str | None, environ: Environ) -> bool:
    return backend in QUERY and "HTTP_X_AMZ_TARGET" not in environ


def tell(backend: str | None, environ: Environ, refused: Refused, start_response: StartResponse) -> list[bytes]:
    """The answer."""
    code, text = refused.code, str(refused)
    request_id = environ.get("HTTP_X_LAMBDA_EMU_REQUEST_ID", "")
    headers = [("x-amzn-RequestId", request_id)]
    said = f"<Code>{code}</Code><Message>{escape(text)}</Message>"
    if backend in XML:
        ids = s3_ids(request_id)
        about = f"<RequestId>{ids['x-amz-request-id']}</RequestId><HostId>{ids['x-amz-id-2']}</HostId>"
        kind, body = "application/xml", f"<Error>{said}{about}</Error>"
    elif is_form(backend, environ):
        sender = "Receiver" if refused.status >= 500 else "Sender"
        inner = f"<Error><Type>{sender}</Type>{said}</Error><RequestId>{request_id}</RequestId>"
        kind, body = "text/xml", f"<ErrorResponse>{inner}</ErrorResponse>"
    elif backend in REST_JSON:
        kind, body = "application/json", json.dumps({"message": text, "__type": code})
        headers.append(("x-amzn-ErrorType", code))
    else:
        kind, body = "application/x-amz-json-1.0", json.dumps({"__type": code, "message": text})
    data = body.encode()
    status = f"{refused.status} {'OK' if refused.status < 300 else 'Error'}"
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(data))), *headers])
    return [data]
