"""Mappings and validators of REST APIs, as values. docs/contract/events.md#mappings-of-requests."""

from __future__ import annotations

import json

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
    BodyUnreadable,
    MappingFailed,
    MediaTypeUnsupported,
)
from lambda_emu.triggers.rest_apis.mapping.requests import (
    RequestMapping,
    filled,
    map_request,
    mock_status,
    read_request_mapping,
)

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
