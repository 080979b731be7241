"""HTTP APIs from documents of OpenAPI 3, by boto3. docs/contract/events.md#imports-of-http-apis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from function_url_rig import ask
from http_apis_rig import let_in
from own import OwnLam, own_emulator
from rest_rig import ECHO, arn
from services_rig import ACCOUNT, sdk

OWN = "x-amazon-apigateway-"


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("imports"), "process", account=ACCOUNT) as lam:
        lam.create("echo", ECHO)
        let_in(lam, "echo")
        yield lam


@pytest.fixture(scope="module")
def client(lam: OwnLam) -> Any:
    return sdk(lam, "apigatewayv2")


def to_function(**others: Any) -> dict[str, Any]:
    told = {"type": "aws_proxy", "httpMethod": "POST", "uri": arn("echo"), "payloadFormatVersion": "2.0"}
    return {f"{OWN}integration": told | others}


def document(paths: dict[str, Any], **others: Any) -> str:
    told = {"openapi": "3.0.1", "info": {"title": "pets", "version": "1", "description": "of pets"}, "paths": paths}
    return json.dumps(told | others)


FULL = document(
    {
        "/pets/{id}": {
            "get": {
                "operationId": "getPet",
                "security": [{"jwt": ["read"]}],
                **to_function(
                    timeoutInMillis=1000,
                    requestParameters={"append:header.x": "$request.path.id"},
                    responseParameters={"200": {"overwrite:header.y": "'1'"}},
                ),
            },
            "post": {
                "security": [{"function": []}],
                f"{OWN}integration": {"$ref": f"#/components/{OWN}integrations/f"},
            },
        },
        "/open": {f"{OWN}any-method": {"security": [], **to_function()}},
        "/sent": {
            "post": {
                f"{OWN}auth": {"type": "AWS_IAM"},
                f"{OWN}integration": {
                    "type": "aws_proxy",
                    "subtype": "SQS-SendMessage",
                    "credentials": f"arn:aws:iam::{ACCOUNT}:role/a",
                    "requestParameters": {"QueueUrl": "$request.header.q", "MessageBody": "$request.body"},
                },
            }
        },
        "$default": {f"{OWN}any-method": to_function()},
    },
    security=[{"jwt": []}],
    servers=[{"url": "https://{host}/v1", "variables": {"host": {"default": "h"}}}],
    components={
        "securitySchemes": {
            "jwt": {
                "type": "oauth2",
                f"{OWN}authorizer": {
                    "type": "jwt",
                    "identitySource": "$request.header.Authorization",
                    "jwtConfiguration": {"issuer": "https://issuer", "audience": ["me"]},
                },
            },
            "function": {
                "type": "apiKey",
                f"{OWN}authorizer": {
                    "type": "request",
                    "authorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations",
                    "identitySource": "$request.header.a, $request.header.b",
                    "authorizerPayloadFormatVersion": "2.0",
                    "enableSimpleResponses": True,
                    "authorizerResultTtlInSeconds": 0,
                },
            },
        },
        f"{OWN}integrations": {"f": to_function()[f"{OWN}integration"]},
    },
    **{f"{OWN}cors": {"allowOrigins": ["https://a"], "allowMethods": ["GET"], "maxAge": 5, "allowCredentials": True}},
)


def test_all_that_a_document_says_is_imported(client: Any) -> None:
    api = client.import_api(Body=FULL)

    id = api["ApiId"]
    assert (api["Name"], api["Version"], api["Description"], api["ProtocolType"]) == ("pets", "1", "of pets", "HTTP")
    assert api["CorsConfiguration"] == {
        "AllowOrigins": ["https://a"], "AllowMethods": ["GET"], "MaxAge": 5, "AllowCredentials": True,
    }  # fmt: skip
    routes = {one["RouteKey"]: one for one in client.get_routes(ApiId=id)["Items"]}
    assert list(routes) == ["GET /pets/{id}", "POST /pets/{id}", "ANY /open", "POST /sent", "$default"]
    authorizers = {one["Name"]: one for one in client.get_authorizers(ApiId=id)["Items"]}
    first = routes["GET /pets/{id}"]
    assert (first["OperationName"], first["AuthorizationType"]) == ("getPet", "JWT")
    assert (first["AuthorizationScopes"], first["AuthorizerId"]) == (["read"], authorizers["jwt"]["AuthorizerId"])
    kinds = {key: one["AuthorizationType"] for key, one in routes.items()}
    assert list(kinds.values()) == ["JWT", "CUSTOM", "NONE", "AWS_IAM", "JWT"]
    jwt, function = authorizers["jwt"], authorizers["function"]
    assert (jwt["AuthorizerType"], jwt["JwtConfiguration"]) == ("JWT", {"Issuer": "https://issuer", "Audience": ["me"]})
    assert function["IdentitySource"] == ["$request.header.a", "$request.header.b"]
    assert (function["EnableSimpleResponses"], function["AuthorizerResultTtlInSeconds"]) == (True, 0)
    made = {one["IntegrationId"]: one for one in client.get_integrations(ApiId=id)["Items"]}
    integration = made[first["Target"].removeprefix("integrations/")]
    assert (integration["TimeoutInMillis"], integration["RequestParameters"]) == (
        1000,
        {"append:header.x": "$request.path.id"},
    )
    assert integration["ResponseParameters"] == {"200": {"overwrite:header.y": "'1'"}}
    assert made[routes["POST /sent"]["Target"].removeprefix("integrations/")]["IntegrationSubtype"] == "SQS-SendMessage"


def test_the_base_path_is_passed_over_prepended_or_split(client: Any) -> None:
    told = document({"/a": {"get": to_function()}, "/": {"get": to_function()}}, servers=[{"url": "https://h/v1/b"}])

    found = {}
    for base_path in ("ignore", "prepend", "split"):
        api = client.import_api(Body=told, Basepath=base_path)["ApiId"]
        found[base_path] = [one["RouteKey"] for one in client.get_routes(ApiId=api)["Items"]]

    assert found["ignore"] == ["GET /a", "GET /"]
    assert found["prepend"] == ["GET /v1/b/a", "GET /v1/b"]
    assert found["split"] == ["GET /b/a", "GET /b"]


def test_what_is_imported_again_takes_the_place_of_all_but_stages(lam: OwnLam, client: Any) -> None:
    api = client.import_api(Body=document({"/a": {"get": to_function()}}))["ApiId"]
    client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    url = f"{lam.url}/_lambda-emu/api/{api}"
    before = ask(url, path="/a").status

    client.reimport_api(ApiId=api, Body=document({"/b": {"get": to_function()}}, info={"title": "other"}))

    assert before == 200
    assert (ask(url, path="/a").status, ask(url, path="/b").status) == (404, 200)
    assert client.get_api(ApiId=api)["Name"] == "other"
    assert [one["RouteKey"] for one in client.get_routes(ApiId=api)["Items"]] == ["GET /b"]


def test_warnings_are_told_or_fail_an_import(client: Any) -> None:
    schema = {"application/json": {"schema": {"$ref": "#/components/schemas/No"}}}
    told = document({"/a": {"get": {"responses": {"200": {"content": schema}}}}, "b": {"get": {}}})

    api = client.import_api(Body=told)
    with pytest.raises(ClientError) as refused:
        client.import_api(Body=told, FailOnWarnings=True)

    warnings = [
        "Parse issue: attribute paths.'/a'(get).responses.200.content.schema.#/components/schemas/No is missing",
        "Parse issue: attribute paths. Resource b should start with /",
    ]
    assert api["ImportInfo"] == warnings
    assert refused.value.response["Error"]["Message"] == "Warnings found during import:\n\t" + "\n\t".join(warnings)


WRONG = {
    "an integration of no kind": document({"/a": {"get": {f"{OWN}integration": {"type": "aws"}}}}),
    "a header that is reserved": document(
        {"/a": {"get": to_function(requestParameters={"append:header.host": "1", "append:header.x-amz-a": "1"})}}
    ),
    "two routes for the same requests": document({"/a/{b}": {"get": to_function()}, "/a/{c}": {"get": to_function()}}),
    "a path that is none": document({"/a/": {"get": to_function()}}),
    "more routes than there may be": document({f"/p{at}": {"get": {}} for at in range(400)}),
    "Swagger 2": json.dumps({"swagger": "2.0", "info": {"title": "a"}, "paths": {}}),
    "no document": "[",
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_an_import_that_fails_changes_nothing(client: Any, body: str) -> None:
    api = client.import_api(Body=document({"/kept": {"get": to_function()}}))["ApiId"]
    before = {one["ApiId"] for one in client.get_apis()["Items"]}

    for put in (client.import_api, lambda **told: client.reimport_api(ApiId=api, **told)):
        with pytest.raises(client.exceptions.BadRequestException):
            put(Body=body)

    assert {one["ApiId"] for one in client.get_apis()["Items"]} == before
    assert [one["RouteKey"] for one in client.get_routes(ApiId=api)["Items"]] == ["GET /kept"]
    assert client.get_api(ApiId=api)["Name"] == "pets"


@pytest.mark.parametrize("format", ["JSON", "YAML"])
def test_an_api_is_exported_and_imports_as_the_same(client: Any, format: str) -> None:
    api = client.import_api(Body=FULL)["ApiId"]

    body = client.export_api(ApiId=api, OutputType=format, Specification="OAS30")["body"].read().decode()
    again = client.import_api(Body=body)["ApiId"]

    assert plain(client, again) == plain(client, api)
    assert client.get_api(ApiId=again)["CorsConfiguration"] == client.get_api(ApiId=api)["CorsConfiguration"]


def test_a_stage_is_exported_as_it_serves_and_without_extensions_plainly(client: Any) -> None:
    api = client.import_api(Body=document({"/a": {"get": to_function()}}))["ApiId"]
    client.create_stage(ApiId=api, StageName="live")
    told = {"ApiId": api, "OutputType": "JSON", "Specification": "OAS30"}
    before = json.loads(client.export_api(**told, StageName="live")["body"].read())
    client.create_deployment(ApiId=api, StageName="live")
    client.reimport_api(ApiId=api, Body=document({"/b": {"get": to_function()}}))

    live = json.loads(client.export_api(**told, StageName="live", IncludeExtensions=False)["body"].read())

    assert before["paths"] == {}
    assert list(live["paths"]) == ["/a"]
    assert OWN not in json.dumps(live)
    with pytest.raises(client.exceptions.BadRequestException):
        client.export_api(**{**told, "Specification": "RAML"})
    with pytest.raises(client.exceptions.NotFoundException):
        client.export_api(**told, StageName="none")


def plain(client: Any, api: str) -> str:
    """Routes, with what they lead to in place of ids."""
    integrations = {one.pop("IntegrationId"): one for one in client.get_integrations(ApiId=api)["Items"]}
    authorizers = {one.pop("AuthorizerId"): one for one in client.get_authorizers(ApiId=api)["Items"]}
    routes = client.get_routes(ApiId=api)["Items"]
    for route in routes:
        del route["RouteId"]
        route["Target"] = integrations.get(route.get("Target", "").removeprefix("integrations/"))
        route["AuthorizerId"] = authorizers.get(route.get("AuthorizerId", ""))
    return json.dumps(routes, sort_keys=True)
