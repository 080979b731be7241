"""REST APIs from documents of Swagger 2 and OpenAPI 3, by boto3. docs/contract/events.md#imports-of-rest-apis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from function_url_rig import Got, ask
from http_apis_rig import let_in
from own import OwnLam, own_emulator
from rest_rig import ECHO, invoke_arn
from services_rig import ACCOUNT, sdk

OWN = "x-amazon-apigateway-"
MODELS = "https://apigateway.amazonaws.com/restapis/{}/models/{}"
PET = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("imports"), "process", account=ACCOUNT) as lam:
        lam.create("echo", ECHO)
        let_in(lam, "echo")
        yield lam


@pytest.fixture(scope="module")
def client(lam: OwnLam) -> Any:
    return sdk(lam, "apigateway")


def to_function() -> dict[str, Any]:
    return {"type": "aws_proxy", "httpMethod": "POST", "uri": invoke_arn("echo")}


def document(paths: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {
        "openapi": "3.0.1",
        "info": {"title": "pets", "version": "1", "description": "of pets"},
        "paths": paths,
    } | others


def resources(client: Any, api: str) -> dict[str, Any]:
    found = client.get_resources(restApiId=api, embed=["methods"], limit=500)["items"]
    return {one["path"]: one.get("resourceMethods", {}) for one in found}


def asked(lam: OwnLam, client: Any, api: str, path: str, body: str | None = None, **headers: str) -> Got:
    """From a new deployment of it."""
    client.create_deployment(restApiId=api, stageName="dev")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(f"{lam.url}/_lambda-emu/api/{api}/dev", body, "", named, path)


FULL: dict[str, Any] = document(
    {
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "post": {
                "operationId": "putPet",
                "parameters": [
                    {"name": "X-Key", "in": "header", "required": True},
                    {"$ref": "#/components/parameters/page"},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                "responses": {
                    "200": {
                        "headers": {"X-Got": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pets"}}},
                    },
                    "400": {"description": "what is wrong"},
                    "default": {"description": "what else"},
                },
                "security": [{"token": []}, {"api_key": []}],
                f"{OWN}request-validator": "all",
                f"{OWN}integration": {
                    "type": "aws",
                    "httpMethod": "POST",
                    "uri": "arn:aws:apigateway:us-east-1:sqs:action/SendMessage",
                    "credentials": f"arn:aws:iam::{ACCOUNT}:role/api",
                    "passthroughBehavior": "never",
                    "contentHandling": "convert_to_text",
                    "timeoutInMillis": 1000,
                    "requestParameters": {"integration.request.header.x": "method.request.header.X-Key"},
                    "requestTemplates": {"application/json": "$input.json('$')"},
                    "responses": {
                        "default": {"statusCode": "200", "responseParameters": {"method.response.header.X-Got": "'1'"}},
                        "4\\d{2}": {"statusCode": 400, "responseTemplates": {"application/json": "{}"}},
                    },
                },
            },
        },
        "/{proxy+}": {f"{OWN}any-method": {"security": [{"signed": []}], f"{OWN}integration": to_function()}},
    },
    components={
        "parameters": {"page": {"name": "page", "in": "query"}},
        "schemas": {"Pet": PET, "Pets": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}},
        "securitySchemes": {
            "token": {
                "type": "apiKey",
                "name": "X-Token",
                "in": "header",
                f"{OWN}authtype": "custom",
                f"{OWN}authorizer": {
                    "type": "token",
                    "authorizerUri": invoke_arn("echo"),
                    "identityValidationExpression": "^a",
                    "authorizerResultTtlInSeconds": 5,
                },
            },
            "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "signed": {"type": "apiKey", "name": "Authorization", "in": "header", f"{OWN}authtype": "awsSigv4"},
        },
    },
    **{
        f"{OWN}request-validators": {"all": {"validateRequestBody": True, "validateRequestParameters": True}},
        f"{OWN}gateway-responses": {
            "DEFAULT_4XX": {
                "statusCode": 418,
                "responseParameters": {"gatewayresponse.header.X-Why": "'no'"},
                "responseTemplates": {"application/json": '{"no": $context.error.messageString}'},
            }
        },
        f"{OWN}binary-media-types": ["image/*"],
        f"{OWN}api-key-source": "AUTHORIZER",
        f"{OWN}policy": {"Version": "2012-10-17", "Statement": []},
        f"{OWN}minimum-compression-size": 10,
    },
)


def test_all_that_a_document_says_is_imported(client: Any) -> None:
    api = client.import_rest_api(body=json.dumps(FULL), parameters={"endpointConfigurationTypes": "REGIONAL"})

    id = api["id"]
    assert (api["ResponseMetadata"]["HTTPStatusCode"], api["name"], api["description"]) == (201, "pets", "of pets")
    assert (api["version"], api["endpointConfiguration"]) == ("1", {"types": ["REGIONAL"]})
    assert (api["binaryMediaTypes"], api["apiKeySource"]) == (["image/*"], "AUTHORIZER")
    assert json.loads(api["policy"]) == {"Version": "2012-10-17", "Statement": []}
    found = resources(client, id)
    assert sorted(found) == ["/", "/pets", "/pets/{id}", "/{proxy+}"]
    method = found["/pets/{id}"]["POST"]
    authorizer = client.get_authorizers(restApiId=id)["items"][0]
    validator = client.get_request_validators(restApiId=id)["items"][0]
    assert (method["operationName"], method["authorizationType"], method["apiKeyRequired"]) == (
        "putPet",
        "CUSTOM",
        True,
    )
    assert (method["authorizerId"], method["requestValidatorId"]) == (authorizer["id"], validator["id"])
    assert method["requestParameters"] == {
        "method.request.path.id": True,
        "method.request.header.X-Key": True,
        "method.request.querystring.page": False,
    }
    assert method["requestModels"] == {"application/json": "Pet"}
    response = method["methodResponses"]["200"]
    assert list(method["methodResponses"]) == ["200", "400"]
    assert response["responseParameters"] == {"method.response.header.X-Got": False}
    assert response["responseModels"] == {"application/json": "Pets"}
    integration = method["methodIntegration"]
    named = ("type", "httpMethod", "passthroughBehavior", "contentHandling", "timeoutInMillis")
    assert [integration[name] for name in named] == ["AWS", "POST", "NEVER", "CONVERT_TO_TEXT", 1000]
    assert integration["requestParameters"] == {"integration.request.header.x": "method.request.header.X-Key"}
    assert integration["requestTemplates"] == {"application/json": "$input.json('$')"}
    answers = integration["integrationResponses"]
    assert answers["200"]["responseParameters"] == {"method.response.header.X-Got": "'1'"}
    assert "selectionPattern" not in answers["200"]
    assert (answers["400"]["selectionPattern"], answers["400"]["responseTemplates"]) == (
        "4\\d{2}",
        {"application/json": "{}"},
    )
    assert (authorizer["name"], authorizer["type"]) == ("token", "TOKEN")
    assert (authorizer["identitySource"], authorizer["authorizerResultTtlInSeconds"]) == (
        "method.request.header.X-Token",
        5,
    )
    assert authorizer["identityValidationExpression"] == "^a"
    assert (validator["name"], validator["validateRequestBody"], validator["validateRequestParameters"]) == (
        "all",
        True,
        True,
    )
    models = {one["name"]: json.loads(one["schema"]) for one in client.get_models(restApiId=id)["items"]}
    assert models["Pet"] == PET
    assert models["Pets"]["items"] == {"$ref": MODELS.format(id, "Pet")}
    assert found["/{proxy+}"]["ANY"]["authorizationType"] == "AWS_IAM"
    gateway = client.get_gateway_response(restApiId=id, responseType="DEFAULT_4XX")
    assert (gateway["statusCode"], gateway["responseParameters"]) == ("418", {"gatewayresponse.header.X-Why": "'no'"})


def test_an_imported_api_answers(lam: OwnLam, client: Any) -> None:
    paths = {"/items/{id}": {"get": {f"{OWN}integration": to_function()}}}
    api = client.import_rest_api(body=yaml.safe_dump(document(paths)))

    got = asked(lam, client, api["id"], "/items/7")

    assert got.status == 200
    assert (got.json["resource"], got.json["pathParameters"]) == ("/items/{id}", {"id": "7"})


def test_swagger_2_is_imported_too(client: Any) -> None:
    told = {
        "swagger": "2.0",
        "info": {"title": "old", "version": 2},
        "basePath": "/v1/things",
        "consumes": ["application/json"],
        "produces": ["application/json", "application/xml"],
        "paths": {
            "/pets": {
                "post": {
                    "parameters": [{"in": "body", "name": "Pet", "schema": {"$ref": "#/definitions/Pet"}}],
                    "responses": {201: {"description": "made", "schema": {"$ref": "#/definitions/Pet"}}},
                    f"{OWN}auth": {"type": "AWS_IAM"},
                    f"{OWN}integration": {"type": "mock", "responses": {"default": {"statusCode": "201"}}},
                }
            }
        },
        "definitions": {"Pet": PET},
        "securityDefinitions": {},
    }

    found = {}
    for base_path in ("ignore", "prepend", "split"):
        api = client.import_rest_api(body=yaml.safe_dump(told), parameters={"basepath": base_path})
        found[base_path] = resources(client, api["id"])

    assert [sorted(one)[-1] for one in found.values()] == ["/pets", "/v1/things/pets", "/things/pets"]
    method = found["ignore"]["/pets"]["POST"]
    assert method["requestModels"] == {"application/json": "Pet"}
    assert method["methodResponses"]["201"]["responseModels"] == {"application/json": "Pet", "application/xml": "Pet"}
    assert (method["authorizationType"], method["methodIntegration"]["type"]) == ("AWS_IAM", "MOCK")


def test_what_is_put_is_merged_or_takes_the_place_of_all(client: Any) -> None:
    integration = {f"{OWN}integration": to_function()}
    first = document(
        {"/a": {"get": integration}, "/b": {"get": integration}}, components={"schemas": {"A": PET, "B": PET}}
    )
    api = client.import_rest_api(body=json.dumps(first))["id"]
    second = document({"/b": {"get": {**integration, "operationId": "new"}}, "/c/d": {"get": integration}})
    second |= {"info": {"title": "other"}, "components": {"schemas": {"B": {"type": "string"}}}}

    client.put_rest_api(restApiId=api, mode="merge", body=json.dumps(second))
    merged, models = resources(client, api), client.get_models(restApiId=api)["items"]
    named = client.get_rest_api(restApiId=api)["name"]
    client.put_rest_api(restApiId=api, mode="overwrite", body=json.dumps(second))

    assert sorted(merged) == ["/", "/a", "/b", "/c", "/c/d"]
    assert merged["/b"]["GET"]["operationName"] == "new"
    assert {one["name"]: json.loads(one["schema"]) for one in models} == {"A": PET, "B": {"type": "string"}}
    assert named == "pets"
    assert sorted(resources(client, api)) == ["/", "/b", "/c", "/c/d"]
    assert [one["name"] for one in client.get_models(restApiId=api)["items"]] == ["B"]
    assert client.get_rest_api(restApiId=api)["name"] == "other"


MISSING = document(
    {
        "/a": {
            "get": {
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/No"}}}}}
            }
        }
    }
)
WRONG = document(
    {
        "/a": {"get": {f"{OWN}integration": to_function()}},
        "/b": {"get": {f"{OWN}integration": {"type": "aws", "uri": "no"}}},
    }
)


def test_warnings_are_told_or_fail_an_import(client: Any) -> None:
    api = client.import_rest_api(body=json.dumps(MISSING))

    with pytest.raises(ClientError) as refused:
        client.import_rest_api(body=json.dumps(MISSING), failOnWarnings=True)

    warning = "Reference to model 'No' not found. Ignoring."
    assert api["warnings"] == [warning]
    assert refused.value.response["Error"]["Message"] == f"Warnings found during import:\n\t{warning}"


def test_an_import_that_fails_changes_nothing(client: Any) -> None:
    integration = {f"{OWN}integration": to_function()}
    before = {one["id"] for one in client.get_rest_apis(limit=500)["items"]}
    with pytest.raises(ClientError) as refused:
        client.import_rest_api(body=json.dumps(WRONG))
    assert {one["id"] for one in client.get_rest_apis(limit=500)["items"]} == before
    api = client.import_rest_api(body=json.dumps(document({"/kept": {"get": integration}})))["id"]

    for mode in ("merge", "overwrite"):
        with pytest.raises(ClientError):
            client.put_rest_api(restApiId=api, mode=mode, body=json.dumps(WRONG | {"info": {"title": "other"}}))

    assert refused.value.response["Error"] == {
        "Code": "BadRequestException",
        "Message": "Errors found during import:\n\tUnable to put integration on 'GET' on resource at path '/b':"
        " Invalid ARN specified in the request",
    }
    assert sorted(resources(client, api)) == ["/", "/kept"]
    assert client.get_rest_api(restApiId=api)["name"] == "pets"


BOMB = "openapi: 3.0.0\ninfo: {title: a}\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n" + "".join(
    f"x{at}: &x{at} [{', '.join([f'*x{at - 1}'] * 10)}]\n" for at in range(1, 12)
)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[",
        "[]",
        "5",
        "{}",
        '{"openapi": "3.0.0", "paths": []}',
        '{"openapi": "4.0.0", "paths": {}}',
        BOMB,
        '{"openapi": "3.0.0", "paths": {"/a": {"$ref": "#/no/where"}}}',
        '{"openapi": "3.0.0", "paths": {"/a": {"get": {"parameters": [{"$ref": "file:///etc/passwd"}]}}}}',
        '{"openapi": "3.0.0", "x": {"$ref": "#/x"}, "paths": {"/a": {"$ref": "#/x"}}}',
        '{"openapi": "3.0.0", "paths": {"/a": ' + '{"a":' * 5000 + "1" + "}" * 5000 + "}}",
        json.dumps(document({"/a" * 5000: {}})),
        json.dumps(document({f"/{letter}" * 200: {} for letter in "ab"})),
        json.dumps(document({f"/p{at}" + "/a" * 5000: {} for at in range(250)})),
        json.dumps(document({f"/p{at}": {} for at in range(5000)})),
        json.dumps(document({"/a b": {}})),
        "openapi: 3.0.0\npaths: !!python/object/apply:os.system ['true']\n",
    ],
    ids=range(18),
)
def test_what_is_no_document_is_refused(client: Any, body: str) -> None:
    with pytest.raises(ClientError) as refused:
        client.import_rest_api(body=body)

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert refused.value.response["Error"]["Code"] in ("BadRequestException", "SerializationException")


def test_an_api_itself_has_tags(client: Any) -> None:
    api = client.import_rest_api(body=json.dumps(document({})))["id"]
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api}"

    client.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    client.untag_resource(resourceArn=arn, tagKeys=["a"])

    assert client.get_tags(resourceArn=arn)["tags"] == {"b": "2"}
    assert client.get_rest_api(restApiId=api)["tags"] == {"b": "2"}
    with pytest.raises(client.exceptions.NotFoundException):
        client.get_tags(resourceArn=f"{arn}x")


@pytest.mark.parametrize("kind", ["oas30", "swagger"])
@pytest.mark.parametrize("media_type", ["application/json", "application/yaml"])
def test_what_a_stage_serves_is_exported_and_imports_as_the_same(client: Any, kind: str, media_type: str) -> None:
    api = client.import_rest_api(body=json.dumps(FULL))["id"]
    client.create_deployment(restApiId=api, stageName="dev")
    client.put_rest_api(restApiId=api, mode="overwrite", body=json.dumps(document({})))  # which is not deployed

    told = {"restApiId": api, "stageName": "dev", "exportType": kind, "accepts": media_type}
    got = client.get_export(**told, parameters={"extensions": "apigateway"})
    body = got["body"].read()
    again = client.import_rest_api(body=body)

    assert got["contentDisposition"].startswith(f'attachment; filename="{kind}_')
    first = client.import_rest_api(body=json.dumps(FULL))
    assert plain(client, again["id"]) == plain(client, first["id"])
    for name in ("name", "description", "version", "binaryMediaTypes", "apiKeySource", "policy"):
        assert again[name] == first[name]


def plain(client: Any, api: str) -> str:
    """All that an API has, without ids, which are in no order."""
    ids = {one["id"]: one["name"] for one in client.get_authorizers(restApiId=api)["items"]}
    ids |= {one["id"]: one["name"] for one in client.get_request_validators(restApiId=api)["items"]}
    found = resources(client, api)
    for methods in found.values():
        for method in methods.values():
            for name in ("authorizerId", "requestValidatorId"):
                method[name] = ids.get(method.get(name, ""))
    models = {one["name"]: one["schema"].replace(api, "") for one in client.get_models(restApiId=api)["items"]}
    responses = client.get_gateway_responses(restApiId=api)["items"]
    return json.dumps([found, models, responses, sorted(ids.values())], sort_keys=True)


def test_without_extensions_an_export_is_plain(client: Any) -> None:
    api = client.import_rest_api(body=json.dumps(FULL))["id"]
    client.create_deployment(restApiId=api, stageName="dev")

    told = {"restApiId": api, "stageName": "dev", "exportType": "oas30"}
    plainly = client.get_export(**told)["body"].read().decode()
    integrated = client.get_export(**told, parameters={"extensions": "integrations"})["body"].read().decode()

    assert OWN not in plainly.replace(f"{OWN}any-method", "")  # which no other word says
    assert f"{OWN}integration" in integrated
    assert f"{OWN}authorizer" not in integrated
    with pytest.raises(client.exceptions.NotFoundException):
        client.get_export(**{**told, "stageName": "none"})
    with pytest.raises(client.exceptions.BadRequestException):
        client.get_export(**{**told, "exportType": "wsdl"})


def test_an_api_that_is_created_has_the_models_empty_and_error(client: Any) -> None:
    api = client.create_rest_api(name="a")["id"]

    models = {one["name"]: json.loads(one["schema"]) for one in client.get_models(restApiId=api)["items"]}

    assert {name: schema["title"] for name, schema in models.items()} == {
        "Empty": "Empty Schema",
        "Error": "Error Schema",
    }
    assert models["Error"]["properties"] == {"message": {"type": "string"}}
    imported = client.import_rest_api(body=json.dumps(document({})))["id"]
    assert client.get_models(restApiId=imported)["items"] == []


def test_an_api_has_no_more_resources_than_it_may_have(client: Any) -> None:
    integration = {f"{OWN}integration": to_function()}
    methods = dict.fromkeys(("get", "put", "post", "delete", "patch"), integration)
    api = client.import_rest_api(body=json.dumps(document({f"/p{at}": methods for at in range(300)})))["id"]

    with pytest.raises(client.exceptions.BadRequestException, match="Maximum number of resources"):
        client.put_rest_api(restApiId=api, mode="merge", body=json.dumps(document({"/more": methods})))

    assert len(resources(client, api)) == 301
