"""Models and parameter mappings of REST APIs' methods that API Gateway refuses, where moto takes any.

The texts are AWS's, but where (?) is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from moto.apigateway.exceptions import BadRequestException
from moto.apigateway.models import Method, RestAPI

Told = Mapping[str, Any]

_OF_METHOD = re.compile(r"method\.request\.(?:path|querystring|header|multivaluequerystring|multivalueheader)\.\S+")
_OF_METHOD_RESPONSE = re.compile(r"method\.response\.header\.\S+")
_TO_INTEGRATION = re.compile(r"integration\.request\.(?:path|querystring|header)\.\S+")
_OF_ANSWER = re.compile(r"integration\.response\.(?:(?:header|multivalueheader)\.\S+|body(?:[.\[].+)?)")
_BODY = re.compile(r"method\.request\.body(?:[.\[].+)?")
_COMMON = re.compile(r"'.*'|stageVariables\.\S+|context\.\S+", re.S)
"""What both ways may say: a text, and what is known of stage and request."""


def check_models(api: RestAPI, models: Told | None) -> None:
    """Of a method or its response, by media type."""
    for name in (models or {}).values():
        if name not in api.models:
            raise BadRequestException(f"Invalid model identifier specified: {name}")


def check_method(api: RestAPI, models: Told | None, parameters: Told | None, validator_id: str | None) -> None:
    check_models(api, models)
    _check_names(parameters, _OF_METHOD)
    if validator_id and validator_id not in api.request_validators:
        raise BadRequestException("Invalid Request Validator identifier specified")


def check_method_response(api: RestAPI, models: Told | None, parameters: Told | None) -> None:
    check_models(api, models)
    _check_names(parameters, _OF_METHOD_RESPONSE)


def check_integration(method: Method, parameters: Told | None) -> None:
    """What is mapped comes from what the method declares."""
    declared = method.request_parameters or {}
    for name, source in (parameters or {}).items():
        if _TO_INTEGRATION.fullmatch(name) is None:
            raise _refused(f"Invalid mapping expression specified: {name}")
        if _OF_METHOD.fullmatch(str(source)) is not None:
            if str(source) not in declared and str(source).replace(".multivalue", ".") not in declared:
                raise _refused(f"Invalid mapping expression parameter specified: {source}")
        elif _BODY.fullmatch(str(source)) is None and _COMMON.fullmatch(str(source)) is None:
            raise _refused(f"Invalid mapping expression specified: {source}")


def check_integration_response(method: Method, status: str, parameters: Told | None) -> None:
    """Headers are those that the method's response declares."""
    response = method.method_responses.get(status)
    if response is None:
        raise _refused("No method response exists for method.")
    declared: Collection[str] = response.response_parameters or {}
    for name, source in (parameters or {}).items():
        if _OF_METHOD_RESPONSE.fullmatch(name) is None:
            raise _refused(f"Invalid mapping expression specified: {name}")
        if name not in declared:
            raise _refused(f"Invalid mapping expression parameter specified: {name}")
        if _OF_ANSWER.fullmatch(str(source)) is None and _COMMON.fullmatch(str(source)) is None:
            raise _refused(f"Invalid mapping expression specified: {source}")


def _check_names(parameters: Told | None, pattern: re.Pattern[str]) -> None:
    for name in parameters or {}:
        if pattern.fullmatch(name) is None:
            raise BadRequestException(f"Invalid mapping expression specified: {name}")  # (?)


def _refused(problem: str) -> BadRequestException:
    return BadRequestException(
        f"Invalid mapping expression specified: Validation Result: warnings : [], errors : [{problem}]"
    )
