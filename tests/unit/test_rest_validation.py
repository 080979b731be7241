"""Validators of REST APIs, as values. docs/contract/events.md#mappings-of-requests."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from lambda_emu.triggers.rest_apis.mapping.method_request import MethodRequest
from lambda_emu.triggers.rest_apis.mapping.refusals import (
    BodyInvalid,
    MappingFailed,
    ParametersMissing,
)
from lambda_emu.triggers.rest_apis.mapping.validation import Validator, check_request, read_models, read_validator

VALIDATOR = Validator(
    ("method.request.header.X-Key", "method.request.path.id", "method.request.querystring.q"),
    {"application/json": "Pet"},
)
PET = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["name", "age"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"type": "integer", "minimum": 0},
        "friend": {"$ref": "https://apigateway.amazonaws.com/restapis/abc/models/Friend"},
    },
}
FRIEND = {"definitions": {"name": {"enum": ["Bob"]}}, "properties": {"name": {"$ref": "#/definitions/name"}}}
MODELS = read_models({"Pet": json.dumps(PET), "Friend": json.dumps(FRIEND), "Broken": "{"})


def test_missing_parameters_are_named_in_their_order() -> None:
    with pytest.raises(ParametersMissing) as refused:
        check_request(VALIDATOR, MODELS, MethodRequest((("X-Key", " "),), {"q": [""]}, {"id": "1"}))

    assert refused.value.message == "Missing required request parameters: [X-Key, q]"


def test_what_is_validated_stands_in_the_validator_of_the_method() -> None:
    method = {
        "requestValidatorId": "v",
        "requestParameters": {
            "method.request.path.b": True,
            "method.request.header.a": True,
            "method.request.path.c": False,
        },
        "requestModels": {"application/json": "Pet"},
    }

    both = {"validateRequestBody": True, "validateRequestParameters": True}
    assert read_validator(method, {"v": both}) == Validator(
        ("method.request.header.a", "method.request.path.b"), {"application/json": "Pet"}
    )
    assert read_validator(method, {"v": {"validateRequestBody": False}}) == Validator()
    assert read_validator(method, {}) == Validator()


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"name": "A", "age": 1}, None),
        ({"name": "A", "age": 1, "friend": {"name": "Bob"}}, None),
        ({}, '[object has missing required properties (["age","name"])]'),
        ([], '[instance type (array) does not match any allowed primitive type (allowed: ["object"])]'),
        (
            {"name": "", "age": -1},
            '[string "" is too short (length: 0, required minimum: 1),'
            " numeric instance is lower than the required minimum (minimum: 0, found: -1)]",
        ),
        (
            {"name": "A", "age": 1, "friend": {"name": "Eve"}},
            '[instance value ("Eve") not found in enum (possible values: ["Bob"])]',
        ),
    ],
)
def test_bodies_are_valid_by_the_model_of_their_media_type(body: Any, details: str | None) -> None:
    asked = MethodRequest(body=json.dumps(body).encode())
    validator = Validator((), {"application/json": "Pet"})

    if details is None:
        check_request(validator, MODELS, asked)
        return
    with pytest.raises(BodyInvalid) as refused:
        check_request(validator, MODELS, asked)

    assert (refused.value.message, refused.value.details) == ("Invalid request body", details)


def test_bodies_without_a_model_are_valid_and_one_without_content_is_an_object() -> None:
    validator = Validator((), {"application/json": "Pet"})

    check_request(validator, MODELS, MethodRequest((("content-type", "text/plain"),), body=b"x"))
    with pytest.raises(BodyInvalid):
        check_request(validator, MODELS, MethodRequest())
    with pytest.raises(BodyInvalid):
        check_request(validator, MODELS, MethodRequest(body=b"{"))
    with pytest.raises(BodyInvalid):
        check_request(
            Validator((), {"$default": "Pet"}), MODELS, MethodRequest((("content-type", "text/plain"),), body=b"{}")
        )
    with pytest.raises(BodyInvalid):
        check_request(Validator((), {"$default": "Broken"}), MODELS, MethodRequest(body=b"{}"))
    with pytest.raises(MappingFailed):
        check_request(Validator((), {"$default": "None"}), MODELS, MethodRequest(body=b"{}"))


@pytest.mark.parametrize(
    ("schema", "valid", "invalid"),
    [
        ({"type": ["string", "null"]}, [None, "a"], [1, True]),
        ({"type": "number"}, [1, 1.5], ["1", True]),
        ({"type": "integer"}, [1], [1.5, True]),
        ({"enum": [1, "a", [1]]}, [1, [1], 1.0], [2, "1", True]),
        ({"minimum": 1, "exclusiveMinimum": True}, [2, "a"], [1]),
        ({"maximum": 1}, [1], [1.5]),
        ({"multipleOf": 0.1}, [0.3, 1], [0.35]),
        ({"pattern": "^a+$"}, ["aa", 5], ["b"]),
        ({"maxLength": 2}, ["ab"], ["abc"]),
        ({"minItems": 1, "maxItems": 2, "uniqueItems": True}, [[1], [1, "1"]], [[], [1, 2, 3], [1, 1], [{}, {}]]),
        ({"items": {"type": "string"}}, [["a"], []], [["a", 1]]),
        ({"items": [{"type": "string"}], "additionalItems": False}, [["a"]], [["a", 1], [1]]),
        ({"additionalProperties": False, "patternProperties": {"^x": {}}}, [{"x1": 2}], [{"b": 1}]),
        ({"additionalProperties": {"type": "string"}}, [{"a": "b"}], [{"a": 1}]),
        ({"patternProperties": {"^n": {"type": "integer"}}}, [{"n1": 1, "x": "y"}], [{"n1": "a"}]),
        ({"minProperties": 1, "maxProperties": 1}, [{"a": 1}], [{}, {"a": 1, "b": 2}]),
        ({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}, [{"a": 1, "b": 1}, {"x": 1}], [{"a": 1}, {"c": 1}]),
        ({"allOf": [{"type": "string"}, {"minLength": 1}]}, ["a"], [""]),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, ["a", None], [1]),
        ({"oneOf": [{"minimum": 1}, {"maximum": 5}]}, [0, 6], [3]),
        ({"not": {"type": "string"}}, [1], ["a"]),
        ({"format": "date-time"}, ["2024-01-01T00:00:00Z", 5], ["yesterday", "2024-13-01T00:00:00Z"]),
        ({"format": "email"}, ["a@b"], ["a"]),
        ({"format": "ipv4"}, ["127.0.0.1"], ["::1"]),
        ({"format": "uri"}, ["http://a/b"], ["a b"]),
        ({"properties": {"a": {"$ref": "#"}}, "type": "object"}, [{"a": {"a": {}}}], [{"a": {"a": 1}}]),
    ],
)
def test_schemas_are_those_of_draft_4(schema: Any, valid: list[Any], invalid: list[Any]) -> None:
    validator = Validator((), {"application/json": "M"})

    for value in valid:
        check_request(validator, {"M": schema}, MethodRequest(body=json.dumps(value).encode()))
    for value in invalid:
        with pytest.raises(BodyInvalid):
            check_request(validator, {"M": schema}, MethodRequest(body=json.dumps(value).encode()))


DEEP = b'{"a":' * 300 + b"1" + b"}" * 300
HOSTILE: dict[str, tuple[Any, bytes]] = {
    "refers to itself": ({"$ref": "#"}, b"{}"),
    "alternatives of itself": ({"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}, b"{}"),
    "doubles with each level": (
        {"anyOf": [{"properties": {"a": {"$ref": "#"}}, "minimum": 5}] * 2, "type": "string"},
        DEEP,
    ),
    "repeats in repeats": ({"properties": {"a": {"pattern": "^(a+)+$"}}}, b'{"a": "' + b"a" * 50_000 + b'!"}'),
    "long texts": ({"properties": {"a": {"pattern": "a*a*a*b"}}}, b'{"a": "' + b"a" * 50_000 + b'"}'),
    "unique": ({"uniqueItems": True}, json.dumps(list(range(100_000))).encode()),
    "nowhere": ({"$ref": "http://169.254.169.254/models/x"}, b"{}"),
    "no schema": ({"properties": 5}, b"{}"),
    "no pattern": ({"properties": {"a": {"pattern": 5}}}, b'{"a": "x"}'),
    "no limit": ({"minLength": "x"}, b'"a"'),
}


@pytest.mark.parametrize(("schema", "body"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_schema_is_stopped(schema: Any, body: bytes) -> None:
    began = time.process_time()

    with pytest.raises(MappingFailed):
        check_request(Validator((), {"application/json": "M"}), {"M": schema}, MethodRequest(body=body))

    assert time.process_time() - began < 2


def test_a_body_that_is_too_deep_is_invalid() -> None:
    with pytest.raises(BodyInvalid):
        check_request(Validator((), {"application/json": "Pet"}), MODELS, MethodRequest(body=b"[" * 100_000))
