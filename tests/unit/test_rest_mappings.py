"""Mappings and validators of REST APIs, as values. docs/contract/events.md#mappings-of-requests."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from lambda_emu.triggers.rest_apis.mapping.answers import (
    AnswerMapping,
    MethodAnswer,
    error_message,
    map_answer,
    read_answer_mappings,
    select,
)
from lambda_emu.triggers.rest_apis.mapping.method_request import MethodRequest
from lambda_emu.triggers.rest_apis.mapping.refusals import (
    BodyInvalid,
    BodyUnreadable,
    MappingFailed,
    MediaTypeUnsupported,
    ParametersMissing,
)
from lambda_emu.triggers.rest_apis.mapping.requests import (
    RequestMapping,
    filled,
    map_request,
    mock_status,
    read_request_mapping,
)
from lambda_emu.triggers.rest_apis.mapping.validation import Validator, check_request, read_models, read_validator

ASKED = MethodRequest(
    (("Content-Type", "application/json; charset=utf-8"), ("X-Two", "1"), ("x-two", "2"), ("Accept", "text/plain")),
    {"q": ["a", "b"]},
    {"id": "7"},
    b'{"name": "Ada", "deep": {"list": [1, {"x": true}]}}',
    {"identity": {"sourceIp": "127.0.0.1"}, "requestId": "r"},
    {"table": "pets"},
)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("'text'", ("text",)),
        ("method.request.header.x-TWO", ("2",)),
        ("method.request.multivalueheader.X-Two", ("1,2",)),
        ("method.request.querystring.q", ("b",)),
        ("method.request.multivaluequerystring.q", ("a", "b")),
        ("method.request.path.id", ("7",)),
        ("method.request.body", (ASKED.body.decode(),)),
        ("method.request.body.name", ("Ada",)),
        ("method.request.body.deep.list[1]", ('{"x":true}',)),
        ("context.identity.sourceIp", ("127.0.0.1",)),
        ("stageVariables.table", ("pets",)),
        *(
            (value, None)
            for value in (
                "method.request.header.no",
                "context.no.such",
                "stageVariables.no",
                "method.request.body.no",
                "nonsense",
            )
        ),
    ],
)
def test_parameters_of_requests_come_from_wherever_they_are_mapped(value: str, found: tuple[str, ...] | None) -> None:
    mapping = RequestMapping(
        parameters={"integration.request.header.X": value, "integration.request.querystring.y": value}
    )

    made = map_request(mapping, ASKED)

    assert made.headers == ({} if found is None else {"X": found})
    assert made.query == ({} if found is None else {"y": found})


def test_a_template_is_chosen_by_the_media_type_and_its_overrides_win() -> None:
    template = (
        '{"n": $input.json("$.name"), "v": "$stageVariables.table"}'
        "#set($context.requestOverride.header.x = 'over')#set($context.requestOverride.path.id = '8')"
        "#set($context.responseOverride.status = 201)"
    )
    mapping = read_request_mapping(
        {
            "requestTemplates": {"application/json": template, "application/xml": "<a/>"},
            "requestParameters": {"integration.request.header.X": "'y'", "integration.request.path.id": "'1'"},
        }
    )

    made = map_request(mapping, ASKED)

    assert json.loads(made.body) == {"n": "Ada", "v": "pets"}
    assert (made.headers, made.path, made.overrides.status) == ({"x": ("over",)}, {"id": "8"}, 201)
    assert map_request(mapping, MethodRequest((("content-type", "application/xml"),))).body == b"<a/>"


@pytest.mark.parametrize(
    ("templates", "passthrough", "media_type", "passes"),
    [
        ({}, "WHEN_NO_MATCH", "text/plain", True),
        ({"application/json": "x"}, "WHEN_NO_MATCH", "text/plain", True),
        ({}, "WHEN_NO_TEMPLATES", "text/plain", True),
        ({"application/json": "x"}, "WHEN_NO_TEMPLATES", "text/plain", False),
        ({}, "NEVER", "application/json", False),
        ({"application/json": "x"}, "NEVER", "text/plain", False),
    ],
)
def test_bodies_without_a_template_pass_or_are_refused(
    templates: dict[str, str], passthrough: str, media_type: str, passes: bool
) -> None:
    asked = MethodRequest((("Content-Type", media_type),), body=b"body")
    mapping = read_request_mapping({"requestTemplates": templates, "passthroughBehavior": passthrough})

    if passes:
        assert map_request(mapping, asked).body == b"body"
        return
    with pytest.raises(MediaTypeUnsupported) as refused:
        map_request(mapping, asked)

    assert (refused.value.message, refused.value.response_type) == ("Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE")


def test_a_request_that_is_no_json_is_the_callers_fault_and_a_template_that_fails_the_apis() -> None:
    reading = RequestMapping({"application/json": "$input.json('$')"})
    failing = RequestMapping({"application/json": "#if("})

    with pytest.raises(BodyUnreadable) as refused:
        map_request(reading, MethodRequest(body=b"{a"))
    with pytest.raises(MappingFailed) as failed:
        map_request(failing, MethodRequest(body=b"{}"))

    assert refused.value.message.startswith(
        "Could not parse request body into json: Unexpected character ('a' (code 97))"
    )
    assert failed.value.message == "Internal server error"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('{"statusCode": 200}', "200"),
        ("{statusCode: 404}", "404"),
        ("{'statusCode': '500'}", "500"),
        ('{"a": 1}', None),
        ("", None),
        ('{"statusCode": 20}', None),
    ],
)
def test_mock_integrations_read_a_status_from_what_is_hardly_json(text: str, status: str | None) -> None:
    assert mock_status(text.encode()) == status


ANSWERS = read_answer_mappings(
    {
        "integrationResponses": {
            "200": {"statusCode": "200"},
            "400": {"statusCode": "400", "selectionPattern": "4\\d{2}"},
            "404": {"statusCode": "404", "selectionPattern": ".*not found(.|\\n)*"},
            "500": {"statusCode": "500", "selectionPattern": "5\\d{2}|Task timed out.*"},
        }
    }
)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("200", 200),
        ("403", 400),
        ("4031", 200),
        ("Task timed out after 3 s", 500),
        ("x not found\nin y", 404),
        ("503", 500),
    ],
)
def test_answers_are_selected_by_a_pattern_of_all_that_was_said(said: str, status: int) -> None:
    assert select(ANSWERS, said).status == status


def test_without_a_default_an_answer_that_nothing_matches_is_the_apis_fault() -> None:
    for mappings in ((), ANSWERS[1:]):
        with pytest.raises(MappingFailed):
            select(mappings, "200")


def test_a_functions_error_is_known_by_its_message() -> None:
    assert error_message(b'{"errorMessage": "no", "errorType": "E"}') == "no"
    assert error_message(b'{"errorMessage": 5}') is error_message(b"[]") is error_message(b"<") is None


def test_an_answer_is_mapped_by_headers_template_and_overrides() -> None:
    mapping = AnswerMapping(
        200,
        templates={
            "application/json": "{\"got\": $input.json('$.a')}#set($context.responseOverride.header.x-b = 'over')"
        },
        parameters={
            "method.response.header.X-A": "integration.response.header.etag",
            "method.response.header.X-B": "'b'",
            "method.response.header.X-C": "integration.response.body.a",
            "method.response.header.X-D": "integration.response.header.none",
            "method.response.header.X-E": "context.requestId",
        },
    )

    made = map_answer(mapping, [("ETag", "1")], b'{"a": [1]}', ASKED)

    headers = {"X-A": ("1",), "X-C": ("[1]",), "X-E": ("r",), "x-b": ("over",)}
    assert made == MethodAnswer(200, headers, b'{"got": [1]}', "application/json")


def test_the_template_of_an_answer_is_chosen_by_what_the_caller_accepts() -> None:
    mapping = AnswerMapping(200, templates={"application/json": "json", "text/plain": "plain"})

    assert map_answer(mapping, [], b"{}", ASKED).body == b"plain"
    assert map_answer(mapping, [], b"{}", MethodRequest()).body == b"json"
    assert map_answer(AnswerMapping(200), [], b"as it is", ASKED).body == b"as it is"


def test_an_answer_that_is_no_json_is_the_apis_fault() -> None:
    with pytest.raises(MappingFailed):
        map_answer(AnswerMapping(200, templates={"application/json": "$input.json('$')"}), [], b"<", MethodRequest())


def test_variables_fill_the_address_of_an_integration() -> None:
    uri = "http://${stageVariables.host}/pets/{id}/{proxy}?x=${stageVariables.none}"

    assert filled(uri, {"id": "a b/ü", "proxy": "c/d"}, {"host": "h:1"}) == "http://h:1/pets/a%20b/%C3%BC/c/d?x="


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
