"""A whole API from one document, as a user writes it: models, validators, templates, mocks, functions, errors.

docs/events.md#openapi.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from function_url_rig import Got, ask
from http_apis_rig import let_in
from own import OwnLam, own_emulator
from rest_rig import invoke_arn
from services_rig import ACCOUNT, sdk

STORE = """
PETS = {"1": {"id": "1", "name": "Rex", "tags": ["dog", "old"]}}
def handler(event, context):
    if event["op"] == "get":
        if event["id"] not in PETS:
            raise Exception(f"[404] no pet {event['id']}")
        return PETS[event["id"]]
    return {"id": "2", **event["pet"], "by": event["by"]}
"""
DOCUMENT = """
openapi: 3.0.1
info: {title: pet store, version: "1"}
x-amazon-apigateway-request-validators:
  all: {validateRequestBody: true, validateRequestParameters: true}
x-amazon-apigateway-request-validator: all
x-amazon-apigateway-gateway-responses:
  BAD_REQUEST_BODY:
    statusCode: 422
    responseTemplates:
      application/json: '{"message": $context.error.messageString, "why": "$context.error.validationErrorString"}'
paths:
  /pets:
    post:
      parameters:
        - {name: by, in: query, required: true, schema: {type: string}}
      requestBody:
        content:
          application/json: {schema: {$ref: '#/components/schemas/Pet'}}
      responses:
        "201": {description: made, headers: {Location: {schema: {type: string}}}}
      x-amazon-apigateway-integration:
        type: aws
        httpMethod: POST
        uri: URI
        passthroughBehavior: never
        requestTemplates:
          application/json: |
            #set($pet = $input.path('$'))
            {
              "op": "put",
              "by": "$util.escapeJavaScript($input.params('by')).replaceAll("\\\\'", "'")",
              "pet": {
                "name": "$pet.name",
                "tags": [#foreach($tag in $pet.tags)"$tag.toUpperCase()"#if($foreach.hasNext), #end#end]
              }
            }
        responses:
          default:
            statusCode: "201"
            responseParameters: {method.response.header.Location: integration.response.body.id}
            responseTemplates:
              application/json: |-
                #set($context.responseOverride.header.X-Stage = $context.stage)
                {"made": $input.json('$')}
  /pets/{id}:
    get:
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
      responses: {"200": {description: it}, "404": {description: none}}
      x-amazon-apigateway-integration:
        type: aws
        httpMethod: POST
        uri: URI
        requestTemplates:
          application/json: '{"op": "get", "id": "$input.params(''id'')"}'
        responses:
          default:
            statusCode: "200"
            responseTemplates: {application/json: "$input.json('$')", text/plain: "$input.path('$.name')"}
          \\[404\\].*:
            statusCode: "404"
            responseTemplates:
              application/json: '{"gone": "$input.path(''$.errorMessage'').substring(6)"}'
    options:
      responses:
        "200": {description: cors, headers: {Access-Control-Allow-Origin: {schema: {type: string}}}}
      x-amazon-apigateway-integration:
        type: mock
        requestTemplates: {application/json: '{statusCode: 200}'}
        responses:
          default: {statusCode: "200", responseParameters: {method.response.header.Access-Control-Allow-Origin: "'*'"}}
components:
  schemas:
    Pet:
      type: object
      required: [name]
      properties:
        name: {type: string, minLength: 1}
        tags: {type: array, items: {$ref: '#/components/schemas/Tag'}}
    Tag: {type: string, enum: [dog, cat, old]}
""".replace("uri: URI", f"uri: {invoke_arn('store')}")


class Store:
    def __init__(self, lam: OwnLam) -> None:
        self.lam = lam
        self.client = sdk(lam, "apigateway")
        self.id = self.client.import_rest_api(body=DOCUMENT, failOnWarnings=True)["id"]
        self.client.create_deployment(restApiId=self.id, stageName="live")

    def ask(self, path: str, body: Any = None, method: str = "", **headers: str) -> Got:
        text = None if body is None else json.dumps(body)
        named = {"Content-Type": "application/json", **headers}
        return ask(f"{self.lam.url}/_lambda-emu/api/{self.id}/live", text, method, named, path)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with own_emulator(tmp_path_factory.mktemp("documents"), "process", account=ACCOUNT) as lam:
        lam.create("store", STORE)
        let_in(lam, "store")
        yield Store(lam)


def test_a_body_is_made_for_the_function_and_its_answer_for_the_caller(store: Store) -> None:
    got = store.ask("/pets?by=it%27s", {"name": "Tom", "tags": ["cat", "old"]})

    assert got.status == 201
    assert got.json == {"made": {"id": "2", "name": "Tom", "tags": ["CAT", "OLD"], "by": "it's"}}
    assert (got.headers["Location"], got.headers["X-Stage"]) == ("2", "live")


def test_what_is_not_valid_does_not_reach_the_function(store: Store) -> None:
    missing, wrong = store.ask("/pets", {"name": "Tom"}), store.ask("/pets?by=me", {"tags": ["fish"]})

    assert (missing.status, missing.json) == (400, {"message": "Missing required request parameters: [by]"})
    assert wrong.status == 422
    assert wrong.json["message"] == "Invalid request body"
    assert wrong.json["why"].startswith('[object has missing required properties (["name"])')


def test_a_body_of_another_type_is_refused_where_none_passes(store: Store) -> None:
    got = store.ask("/pets?by=me", {"name": "Tom"}, **{"Content-Type": "text/plain"})

    assert (got.status, got.json) == (415, {"message": "Unsupported Media Type"})


def test_the_template_of_an_answer_is_chosen_by_what_is_accepted_and_by_the_error(store: Store) -> None:
    assert store.ask("/pets/1").json == {"id": "1", "name": "Rex", "tags": ["dog", "old"]}
    assert store.ask("/pets/1", Accept="text/plain").body == b"Rex"
    gone = store.ask("/pets/9")
    assert (gone.status, gone.json) == (404, {"gone": "no pet 9"})


def test_a_mock_answers_preflights(store: Store) -> None:
    got = store.ask("/pets/1", method="OPTIONS")

    assert (got.status, got.headers["Access-Control-Allow-Origin"]) == (200, "*")


def test_an_imported_api_is_the_same_after_a_restart(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", account=ACCOUNT) as lam:
        lam.create("store", STORE)
        let_in(lam, "store")
        first = Store(lam)
        before = first.client.get_resources(restApiId=first.id, embed=["methods"])["items"]
        with pytest.raises(first.client.exceptions.BadRequestException):
            first.client.import_rest_api(body="[")

    with own_emulator(tmp_path, "process", account=ACCOUNT) as lam:
        client = sdk(lam, "apigateway")
        assert [one["id"] for one in client.get_rest_apis()["items"]] == [first.id]
        assert client.get_resources(restApiId=first.id, embed=["methods"])["items"] == before
        got = ask(f"{lam.url}/_lambda-emu/api/{first.id}/live", path="/pets/1")
        assert got.json["name"] == "Rex"
