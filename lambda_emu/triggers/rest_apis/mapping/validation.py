"""Request validators: required parameters, and bodies by the models of their media types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.triggers.rest_apis.mapping.method_request import MethodRequest
from lambda_emu.triggers.rest_apis.mapping.refusals import BodyInvalid, MappingFailed, ParametersMissing
from lambda_emu.triggers.rest_apis.mapping.schemas import Models, problems_of
from lambda_emu.triggers.rest_apis.templates.failures import BodyNotJson, TemplateFailure
from lambda_emu.triggers.rest_apis.templates.tools import read_json

ANY_TYPE = "$default"
"""The media type of the model for bodies that have none of their own."""


class Validator(Struct, frozen=True):
    """What a method demands. required: names such as `method.request.header.x`; none where parameters are not checked.

    models: names by media type, none where bodies are not checked.
    """

    required: tuple[str, ...] = ()
    models: Mapping[str, str] = {}


NOTHING_DEMANDED = Validator()


def read_validator(method: Mapping[str, Any], validators: Mapping[str, Mapping[str, Any]]) -> Validator:
    """A method and the validators of its API, as the control plane tells them."""
    told = validators.get(str(method.get("requestValidatorId") or ""))
    if told is None:
        return NOTHING_DEMANDED
    parameters = method.get("requestParameters") or {}
    required = sorted(name for name, needed in parameters.items() if needed is True or needed == "true")
    models = {str(key).lower(): str(name) for key, name in (method.get("requestModels") or {}).items()}
    return Validator(
        tuple(required) if _is_set(told, "validateRequestParameters") else (),
        models if _is_set(told, "validateRequestBody") else {},
    )


def read_models(told: Mapping[str, Any]) -> Models:
    """Schemas as they are told, by the names of models; what is no JSON is a schema that nothing is valid for."""
    return {name: _schema(schema) for name, schema in told.items()}


def check_request(validator: Validator, models: Models, asked: MethodRequest) -> None:
    """ParametersMissing, BodyInvalid, MappingFailed."""
    missing = [name.rpartition(".")[2] for name in validator.required if not _has(asked, name)]
    if missing:
        raise ParametersMissing(missing)
    if validator.models:
        _check_body(validator, models, asked)


def _check_body(validator: Validator, models: Models, asked: MethodRequest) -> None:
    name = validator.models.get(asked.media_type(), validator.models.get(ANY_TYPE))
    if name is None:
        return
    if name not in models:
        raise MappingFailed(f"The API has no model {name!r}")
    try:
        problems = problems_of(models[name], read_json(asked.body), models)
    except BodyNotJson as error:
        raise BodyInvalid(f"[{error.problem}]") from error
    except TemplateFailure as error:
        raise MappingFailed(f"The model {name!r}: {error}") from error
    if problems:
        raise BodyInvalid(f"[{', '.join(problems)}]")


def _has(asked: MethodRequest, parameter: str) -> bool:
    """Not blank, either."""
    kind, _, name = parameter.removeprefix("method.request.").partition(".")
    if kind == "header":
        found = asked.header(name)
    elif kind == "querystring":
        found = "".join(asked.query.get(name, ()))
    else:
        found = asked.path.get(name)
    return bool(found and found.strip())


def _schema(told: Any) -> Any:
    if not isinstance(told, str):
        return told
    try:
        return json.loads(told) if told.strip() else {}
    except (ValueError, RecursionError):
        return {"not": {}}


def _is_set(told: Mapping[str, Any], name: str) -> bool:
    return told.get(name) is True or told.get(name) == "true"
