"""Why moto stumbled over a request, as AWS would have said it: AWS's own model of the service is asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl
from xml.parsers.expat import ExpatError

from botocore.model import OperationModel, OperationNotFoundError, Shape
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from lambda_emu.services.child.program.checks import s3
from lambda_emu.services.child.program.checks.refused import BODY, REST_JSON, Environ, Refused, is_form
from lambda_emu.services.child.program.state.changes import operation_of

BOTOCORE = {"cognitoidentity": "cognito-identity", "cognitoidp": "cognito-idp"}
"""What botocore calls services that have another name in moto."""
STUMBLED = (LookupError, TypeError, ValueError, AttributeError, AssertionError)
"""moto looks up what was not asked, and works with what is of another type."""
UNREADABLE = (json.JSONDecodeError, UnicodeDecodeError, RecursionError, ExpatError)
BAD_VALUE = {"apigateway": "BadRequestException", "apigatewayv2": "BadRequestException"} | {
    "iam": "ValidationError",
    "sns": "InvalidParameter",
    "sts": "ValidationError",
    "cloudwatch": "InvalidParameterValue",
    "xray": "InvalidRequestException",
    "cognitoidp": "InvalidParameterException",
    "cognitoidentity": "InvalidParameterException",
    "resourcegroupstaggingapi": "InvalidParameterException",
}
"""How a service calls a value that it cannot take; the others say ValidationException."""
ARN_PARTS = 6
JAVA = {"string": "String", "integer": "Integer", "long": "Long", "boolean": "Boolean", "blob": "ByteBuffer"}


def explain(backend: str, environ: Environ, error: Exception) -> Refused | None:
    """None: it was moto's mistake alone."""
    if isinstance(error, UNREADABLE):
        return s3.malformed() if backend in ("s3", "s3control") else Refused("SerializationException", str(error))
    if isinstance(error, OperationNotFoundError):
        return unknown(backend, environ)
    if isinstance(error, NotImplementedError):
        return unknown(backend, environ, str(error))
    if type(error).__module__.startswith("yaml."):
        return Refused("BadRequestException", f"Invalid OpenAPI input: {error}")
    if not isinstance(error, STUMBLED):
        return None
    if backend == "s3":
        return s3.stumbled(environ, error)
    refused = mistake(backend, environ)
    if refused is None and isinstance(error, KeyError) and _names(environ, error.args[0]):
        return _not_found(backend, error.args[0])
    text = f"moto could not make sense of this request ({type(error).__name__}: {error})"
    return refused or Refused(BAD_VALUE.get(backend, "ValidationException"), text)


def _names(environ: Environ, key: object) -> bool:
    """Whether it is a value that the caller has said, and moto has nothing of."""
    if not isinstance(key, str):
        return False
    return key in environ["PATH_INFO"].split("/") or f'"{key}"'.encode() in environ.get(BODY, b"").replace(b'":', b"")


def _not_found(backend: str, name: str) -> Refused:
    if backend in ("apigateway", "apigatewayv2"):
        return Refused("NotFoundException", f"Invalid identifier specified: {name}", 404)
    return Refused("ResourceNotFoundException", f"{name} does not exist")


def mistake(backend: str, environ: Environ) -> Refused | None:
    """What AWS's model finds wrong with a request that moto calls its own failure; None: nothing."""
    operation = _operation(backend, environ)
    return None if operation is None else _first_mistake(backend, environ, operation)


def unknown(backend: str, environ: Environ, why: str = "") -> Refused:
    """An operation that moto has not: AWS has it, or has it not."""
    name = operation_of(environ, environ.get(BODY, b""))
    operation = _operation(backend, environ)
    if backend not in ("s3", "s3control") and operation is None:
        if is_form(backend, environ):
            if name is None:
                return Refused("MissingAction", "The request must contain the parameter Action")
            return Refused("InvalidAction", f"Could not find operation {name}")
        status = 404 if backend in REST_JSON else 400
        return Refused("UnknownOperationException", f"There is no operation {name or environ['PATH_INFO']}", status)
    instead = f"--service {BOTOCORE.get(backend, backend)}=http://… names somebody who has it"
    has_not = f"moto has no {operation.name if operation else name}"
    return Refused("NotImplemented", f"{why or has_not}; {instead}", 501)


def _operation(backend: str, environ: Environ) -> OperationModel | None:
    """The one of AWS's that is asked for."""
    service = BOTOCORE.get(backend, backend)
    name = operation_of(environ, environ.get(BODY, b""))
    try:
        if name is not None or backend not in REST_JSON:
            return get_service_model(service).operation_model(name or "")
        asked: Any = Request(environ)
        return get_service_router(service).match(asked)[0]
    except (OperationNotFoundError, NotFound, NotImplementedError):
        return None


def _first_mistake(backend: str, environ: Environ, operation: OperationModel) -> Refused | None:
    body: bytes = environ.get(BODY, b"")
    shape: Any = operation.input_shape
    if shape is None:
        return None
    if is_form(backend, environ):
        form = parse_qsl(environ["QUERY_STRING"]) + parse_qsl(body.decode("latin-1"), keep_blank_values=True)
        given: Any = {name.partition(".")[0]: value for name, value in form}
        return next(chain(_missing(backend, given, shape), _wrong_texts(backend, dict(form), shape)), None)
    given = json.loads(body or b"{}")
    if backend in REST_JSON:
        return next(_mistakes(backend, given, shape, by_path=True), None)
    return next(_mistakes(backend, given, shape), None)


def _missing(
    backend: str, given: Mapping[str, Any], shape: Any, at: str = "", by_path: bool = False
) -> Iterator[Refused]:
    """by_path: members may stand in the path, too, where they cannot be missing."""
    for name in shape.required_members:
        location = shape.members[name].serialization
        if by_path and "location" in location:
            continue
        if given.get(location.get("name", name)) is None and given.get(name) is None:
            where = f"{at}{name[0].lower()}{name[1:]}"
            if backend == "sns":
                yield Refused("InvalidParameter", f"Invalid parameter: {name} Reason: no value for required parameter")
            yield Refused(
                BAD_VALUE.get(backend, "ValidationException"),
                f"1 validation error detected: Value null at '{where}' failed to satisfy constraint: "
                "Member must not be null",
            )


def _wrong_texts(backend: str, form: Mapping[str, str], shape: Any) -> Iterator[Refused]:
    """Members of a form that are no numbers, times or ARNs. The first two texts are not recorded."""
    for name, member in shape.members.items():
        text = form.get(member.serialization.get("name", name))
        if text is None:
            continue
        if member.type_name in ("integer", "long") and not text.lstrip("-").isdigit():
            yield Refused("MalformedInput", f"{name}: {text} is no whole number")
        if member.type_name == "timestamp" and not text[:4].isdigit():
            yield Refused("MalformedInput", f"{name}: {text} is no time")
        parts = text.count(":") + 1
        if backend == "sns" and name.endswith("Arn") and parts < ARN_PARTS:
            reason = f"An ARN must have at least {ARN_PARTS} elements, not {parts}"
            yield Refused("InvalidParameter", f"Invalid parameter: {name} Reason: {reason}")


def _mistakes(backend: str, value: Any, shape: Any, at: str = "", *, by_path: bool = False) -> Iterator[Refused]:
    """What is of another type than AWS's, and what is missing."""
    if value is None:
        return
    wrong = _wrong_type(value, shape)
    if wrong is not None:
        yield Refused("SerializationException", wrong)
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            key = member.serialization.get("name", name)
            inner = f"{at}{name[0].lower()}{name[1:]}."
            yield from _mistakes(backend, value.get(key, value.get(name)), member, inner)
        yield from _missing(backend, value, shape, at, by_path)
    else:
        for place, item in _items(value, shape):
            yield from _mistakes(backend, item, shape.member if shape.type_name == "list" else shape.value, at + place)


def _items(value: Any, shape: Shape) -> Iterable[tuple[str, Any]]:
    if shape.type_name == "list":
        return ((f"{number}.member.", item) for number, item in enumerate(value, 1))
    return ((f"{name}.", item) for name, item in value.items()) if shape.type_name == "map" else ()


def _wrong_type(value: Any, shape: Shape) -> str | None:
    """In the words of AWS's parser."""
    wanted = shape.type_name
    if wanted in ("structure", "map", "list"):
        is_right = isinstance(value, list if wanted == "list" else dict)
    elif wanted in ("string", "blob"):
        is_right = isinstance(value, str)
    elif wanted == "boolean":
        is_right = isinstance(value, bool)
    else:  # a number, or a time, which may be a text
        is_right = isinstance(value, int | float) and not isinstance(value, bool)
        is_right = is_right or (wanted == "timestamp" and isinstance(value, str))
    if is_right:
        return None
    if isinstance(value, dict):
        return "Start of structure or map found where not expected."
    if isinstance(value, list):
        return "Start of list found where not expected."
    kind = "STRING" if isinstance(value, str) else str(value).upper() if isinstance(value, bool) else "NUMBER"
    return f"{kind}_VALUE cannot be converted to {JAVA.get(wanted, wanted.capitalize())}"
