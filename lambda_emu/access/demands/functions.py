"""Lambda: which operation a path is, and which function, layer or mapping it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from mmap import ACCESS_READ, mmap
from urllib.parse import parse_qs, unquote

from lambda_emu.access.demand import ANY, PASS_ROLE, Asking, Demand
from lambda_emu.api.wire.service_model import lambda_model
from lambda_emu.api.wire.zip_text import find_zip
from lambda_emu.arn import parse_function_name
from lambda_emu.gateway.request import Request

INVOKE, BY_ARN = "InvokeFunction", "GetLayerVersionByArn"
ACTIONS = {"Invoke": INVOKE, "InvokeWithResponseStream": INVOKE, BY_ARN: "GetLayerVersion"}
"""Of operations whose action has another name."""
WITH_ROLE = ("CreateFunction", "UpdateFunctionConfiguration")
KINDS = {"UUID": "event-source-mapping:", "CapacityProviderName": "capacity-provider:", "LayerName": "layer:"}
ARNS = ("Resource", "ResourceArn", "CodeSigningConfigArn", "DurableExecutionArn", "Arn")
MOST_TEXT = 2048
MOST_BESIDE_CODE = 1024 * 1024
"""Of a body that is read to find who is passed on. In one that says more, it may be anybody."""
LAMBDA = "lambda.amazonaws.com"
TO_LAMBDA = {"iam:passedtoservice": LAMBDA}
_PLACE = re.compile(r"\{(\w+)\}")


def route(method: str, path: str, query: str) -> tuple[str, Mapping[str, str]] | None:
    """The operation, and what its path and query say; None: there is none. However the path is written."""
    path = "/" + unquote(path.replace("%2F", "%252F").replace("%2f", "%252F")).lstrip("/")
    for by, pattern, literal, name in _routes():
        found = pattern.fullmatch(path) if by == method else None
        if found is not None and (literal is None or literal in query.split("&")):
            told = ("Qualifier", "Arn") if name == BY_ARN else ("Qualifier",)
            said = {key: values[0] for key, values in parse_qs(query).items() if key in told}
            return name, said | {key: value.replace("%2F", "/") for key, value in found.groupdict().items()}
    return None


@cache
def _routes() -> Sequence[tuple[str, re.Pattern[str], str | None, str]]:
    """What a query tells apart comes first."""
    found = []
    for each in sorted(lambda_model().routes(), key=lambda each: each.query is None):
        parts = _PLACE.split(each.path.rstrip("/"))
        text = "".join(f"(?P<{part}>.+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
        for name in re.findall(r"\?P<(\w+)>", text):
            if name not in ("DurableExecutionArn", "ResourceArn", "Resource"):
                text = text.replace(f"(?P<{name}>.+)", f"(?P<{name}>[^/]+)")
        found.append((each.method, re.compile(f"{text}/?"), each.query, each.name))
    return found


def lambda_(asking: Asking) -> Sequence[Demand]:
    """members: of the path and query; what stands in the body is looked for there, where the code may be."""
    action, members = ACTIONS.get(asking.operation, asking.operation), dict(asking.members)
    passed: list[Demand] = []
    if asking.operation in WITH_ROLE:
        said = _said(asking.request)
        members |= {key: value for key, value in said.items() if key not in members}
        role = said.get("Role")
        passed = [Demand(PASS_ROLE, role, TO_LAMBDA)] if role == ANY else asking.passing(role, LAMBDA)
    return [asking.demand(_resource(asking, members), action), *passed]


def of_call(asking: Asking) -> Sequence[Demand]:
    """What an operation needs that is done in this process. members: all of its input."""
    operation, members = asking.operation, asking.members
    names = {*_placed(operation), "Qualifier", "Arn", *(("FunctionName",) if operation in WITH_ROLE else ())}
    told = {name: str(members[name]) for name in names if name in members}
    passed = asking.passing(members.get("Role"), LAMBDA) if operation in WITH_ROLE else []
    return [asking.demand(_resource(asking, told), ACTIONS.get(operation, operation)), *passed]


@cache
def _placed(operation: str) -> Sequence[str]:
    """What stands in its path."""
    return next((tuple(pattern.groupindex) for _, pattern, _, name in _routes() if name == operation), ())


def _resource(asking: Asking, members: Mapping[str, str]) -> str:
    if "FunctionName" in members and "event-source" not in asking.request.path.decode("latin-1"):
        return function_arn(asking, members["FunctionName"], members.get("Qualifier"))
    for name in ARNS:
        if members.get(name, "").startswith("arn:"):
            return members[name]
    for name, kind in KINDS.items():
        if name in members:
            version = f":{members['VersionNumber']}" if "VersionNumber" in members else ""
            given = members[name]
            return (given if given.startswith("arn:") else asking.arn(kind + given)) + version
    return ANY


def function_arn(asking: Asking, written: str, qualifier: str | None) -> str:
    try:
        name = parse_function_name(written)
    except ValueError:
        return asking.arn(f"function:{written[:MOST_TEXT]}")
    scope = asking.scope
    place = f"{name.region or scope.region}:{name.account or scope.account}"
    given = name.qualifier or qualifier
    return f"arn:{scope.partition}:lambda:{place}:function:{name.name}" + (f":{given}" if given else "")


def _said(request: Request) -> Mapping[str, str]:
    """Role and name in a body, beside its code. On a worker where the body lies in a file."""
    if request.body_file is None:
        return _found(request.body)
    with request.body_file.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as body:
        return _found(body)  # type: ignore[arg-type]  # it has what is used of bytes


def _found(body: bytes) -> Mapping[str, str]:
    begin, end = find_zip(body)
    if body[end - 1 : end] == b"\\":  # the quote is a part of it, which is no code
        begin = end = 0
    if len(body) - (end - begin) > MOST_BESIDE_CODE:
        return {"Role": ANY}
    try:
        told = json.loads(body[:begin] + body[end:])
    except (ValueError, RecursionError):
        return {"Role": ANY}
    members = told if isinstance(told, dict) else {}
    return {name: members[name] for name in ("Role", "FunctionName") if isinstance(members.get(name), str)}
