"""Requests of services that speak JSON as bytes, made once and sent by a bare connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.client import Address


@dataclass(frozen=True, slots=True)
class Service:
    """name: in the signature. target: what stands before an operation. version: of JSON."""

    name: str
    target: str
    version: str


SQS = Service("sqs", "AmazonSQS", "1.0")
KINESIS = Service("kinesis", "Kinesis_20131202", "1.1")


def request(address: Address, operation: str, members: Mapping[str, object], service: Service = SQS) -> bytes:
    body = json.dumps(members).encode()
    scope = f"bench/20260101/us-east-1/{service.name}/aws4_request"
    head = [
        "POST / HTTP/1.1",
        f"Host: {address.host}:{address.port}",
        f"Content-Type: application/x-amz-json-{service.version}",
        f"X-Amz-Target: {service.target}.{operation}",
        f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
