"""Which service and operation a request is for, and what it asks for there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

from msgspec.json import Decoder

from lambda_emu.access.demand import Asking, Demand
from lambda_emu.access.demands.events import events, logs, scheduler, scheduler_route, states
from lambda_emu.access.demands.functions import lambda_, route
from lambda_emu.access.demands.identities import iam
from lambda_emu.access.demands.objects import s3
from lambda_emu.access.demands.queues import sns, sqs
from lambda_emu.access.demands.repositories import ecr
from lambda_emu.access.demands.secrets import secretsmanager, ssm
from lambda_emu.access.demands.sessions import sts
from lambda_emu.access.demands.tables import dynamodb, kinesis
from lambda_emu.access.sparse import NOT_JSON, read_sparsely
from lambda_emu.arn import Scope
from lambda_emu.gateway.request import Request
from lambda_emu.services.buckets import bucket_in
from lambda_emu.services.callers import signed_with
from lambda_emu.services.catalogue import named

Demands = Callable[[Asking], Sequence[Demand]]
DEMANDS: Mapping[str, Demands] = {
    "dynamodb": dynamodb,
    "ecr": ecr,
    "events": events,
    "iam": iam,
    "kinesis": kinesis,
    "lambda": lambda_,
    "logs": logs,
    "s3": s3,
    "scheduler": scheduler,
    "secretsmanager": secretsmanager,
    "sns": sns,
    "sqs": sqs,
    "ssm": ssm,
    "states": states,
    "sts": sts,
}
"""By the prefix of their actions: those that are evaluated."""
ROUTED = ("lambda", "s3", "scheduler")
"""Whose operations are paths, whatever their headers say."""
UNKNOWN = "UnknownOperation"
MOST_FIELDS = 2000
MOST_DEMANDS = 1000
"""S3 deletes so many objects at once; each that is asked about costs half a millisecond."""
LARGE_BYTES = 64 * 1024
"""Of a body of which only what is asked about is read."""
_read_json = Decoder().decode


def service_of(names: Sequence[str], request: Request) -> str | None:
    """The one that serves it, of those that share a form; None: it is none that is evaluated.

    Whoever serves it goes by what it is signed for, whatever else it says; so do we. names: of those that are.
    """
    signed = signed_with(request)
    row = named(request) if signed is None else None
    service = row.signing_name if row is not None else "" if signed is None else signed.service
    return service if service in names else None


def demands_of(service: str, request: Request, scope: Scope) -> Sequence[Demand]:
    """What it asks for, something at least, but of STS what everybody may. scope: of the caller."""
    found = _demands(service, request, scope)
    if len(found) > MOST_DEMANDS:  # no operation takes so many, so nobody is asked about each
        return (*found[:MOST_DEMANDS], Demand(found[0].action))
    return found if found or service == "sts" else (Demand(f"{service}:{UNKNOWN}"),)


def _demands(service: str, request: Request, scope: Scope) -> Sequence[Demand]:
    target = request.head.first.get(b"x-amz-target")
    if target is not None and service not in ROUTED:
        operation = target.rpartition(b".")[2].decode("latin-1")
        return DEMANDS[service](Asking(service, operation, _members(request, sparsely=True), scope, request))
    said = _routed(service, request)
    if said is None:  # who may do anything hears from whoever serves it that there is no such operation
        return (Demand(f"{service}:{UNKNOWN}"),)
    return DEMANDS[service](Asking(service, *said, scope, request))


def _routed(service: str, request: Request) -> tuple[str, Mapping[str, Any]] | None:
    """Operation and members of what has no target."""
    path, query = request.path.decode("latin-1"), request.query.decode("latin-1")
    if service == "lambda":
        return route(request.method, path, query)
    if service == "s3":
        return "", _place(request, path)
    if service == "scheduler":
        found = scheduler_route(request.method, path)
        if found is None:
            return None
        operation, place = found
        if request.method in ("POST", "PUT"):
            return operation, {**_members(request), **place}
        groups = [value for name, value in _fields(query) if name == "groupName"]
        return operation, {"GroupName": groups[-1], **place} if groups else place
    if service in ("iam", "sqs", "sns", "sts"):
        form = _body(request).decode("latin-1")
        if service == "sqs":
            fields = dict(_fields(query) + _fields(form))
        else:  # moto's way: the form, else the query, and of what is said twice the first
            fields = dict(reversed(_fields(form, None) or _fields(query, None)))
        return fields.get("Action", ""), fields
    return None


def _place(request: Request, path: str) -> Mapping[str, str]:
    bucket = bucket_in(request.head)
    if bucket is not None:
        return {"Bucket": bucket, "Key": unquote(path.removeprefix("/"))}
    named, _, key = path.removeprefix("/").partition("/")
    return {"Bucket": unquote(named), "Key": unquote(key)}


def _members(request: Request, *, sparsely: bool = False) -> Mapping[str, Any]:
    """Of a body in JSON or CBOR; nothing: it is neither. sparsely: of a large one they may be read later."""
    body = _body(request)
    if b"cbor" in request.head.first.get(b"content-type", b""):
        return _cbor(body)
    try:
        if sparsely and len(body) > LARGE_BYTES:
            return read_sparsely(body)
        found = _read_json(body)
    except NOT_JSON:
        return {}
    return found if isinstance(found, dict) else {}


def _body(request: Request) -> bytes:
    """On a worker where it lies in a file; of services that are asked so it is bounded."""
    return request.body if request.body_file is None else request.body_file.read_bytes()


def _cbor(body: bytes) -> Mapping[str, Any]:
    from lambda_emu.services.kinesis.cbor import decode  # here: few clients have it

    try:
        found = decode(body)
    except (ValueError, LookupError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _fields(form: str, most: int | None = MOST_FIELDS) -> list[tuple[str, str]]:
    try:
        return parse_qsl(form, keep_blank_values=True, max_num_fields=most)
    except ValueError:
        return []
