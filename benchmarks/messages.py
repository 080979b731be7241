"""Requests of SQS as bytes, made once and sent by a bare connection."""

from __future__ import annotations

import json
from collections.abc import Mapping

from benchmarks.client import Address

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=" + "0" * 64
)


def request(address: Address, operation: str, members: Mapping[str, object]) -> bytes:
    body = json.dumps(members).encode()
    head = [
        "POST / HTTP/1.1",
        f"Host: {address.host}:{address.port}",
        "Content-Type: application/x-amz-json-1.0",
        f"X-Amz-Target: AmazonSQS.{operation}",
        f"Authorization: {SIGNED}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
