"""What a template said of an API and says no more is as if it had never said it. docs/sam.md#types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from left_out_rig import Row, nothing, three_looks
from stack_rig import Stacks, stacks

__all__ = ["stacks"]

URI = "https://example.com"
ROLE = "arn:aws:iam::000000000000:role/any"
AUTHORIZES = (
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f/invocations"
)
HTTP, SOCKET, REST, KEPT = ({"Ref": name} for name in ("Http", "Socket", "Rest", "Imported"))
PATHS = {"/a": {"get": {"x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "GET", "uri": URI}}}}
V2_PATHS = {
    "/a": {
        "get": {
            "x-amazon-apigateway-integration": {
                **{"type": "http_proxy", "httpMethod": "GET", "uri": URI, "payloadFormatVersion": "1.0"}
            }
        }
    }
}
JWT = {"Audience": ["a"], "Issuer": "https://example.com"}
LIMITS = {"ThrottlingBurstLimit": 3, "ThrottlingRateLimit": 2}


def _v2(what: str, of: str = "Http") -> Any:
    """Of a part of an API."""

    def look(sdk: Any, ids: Mapping[str, str], id: str) -> Any:
        member = "StageName" if what == "stage" else f"{what.capitalize()}Id"
        return getattr(sdk("apigatewayv2"), f"get_{what}")(**{"ApiId": ids[of], member: id})

    return look


def _api(sdk: Any, _: Mapping[str, str], id: str) -> Any:
    return sdk("apigatewayv2").get_api(ApiId=id)


def _rest(sdk: Any, _: Mapping[str, str], id: str) -> Any:
    return {**sdk("apigateway").get_rest_api(restApiId=id), "rootResourceId": None}


def _v1(what: str, member: str) -> Any:
    def look(sdk: Any, ids: Mapping[str, str], id: str) -> Any:
        return getattr(sdk("apigateway"), f"get_{what}")(**{"restApiId": ids["Rest"], member: id})

    return look


ROWS: Mapping[str, Row] = {
    "Http": Row(
        "AWS::ApiGatewayV2::Api",
        {"ProtocolType": "HTTP", "Name": "http"},
        {
            "Description": "d",
            "CorsConfiguration": {"AllowOrigins": ["https://example.com"]},
            "DisableExecuteApiEndpoint": True,
        },
        _api,
    ),
    "Imported": Row(
        "AWS::ApiGatewayV2::Api",
        {"Body": {"openapi": "3.0.1", "info": {"title": "t"}, "paths": V2_PATHS}},
        {"Description": "d", "CorsConfiguration": {"AllowOrigins": ["*"]}, "DisableExecuteApiEndpoint": True},
        _api,
    ),
    "Socket": Row(
        "AWS::ApiGatewayV2::Api",
        {"ProtocolType": "WEBSOCKET", "Name": "socket", "RouteSelectionExpression": "$request.body.action"},
        {"Description": "d", "ApiKeySelectionExpression": "$context.authorizer.usageIdentifierKey"},
        _api,
    ),
    "Stage": Row(
        "AWS::ApiGatewayV2::Stage",
        {"ApiId": HTTP, "StageName": "one", "StageVariables": {"kept": "1"}},
        {
            "AutoDeploy": True,
            "Description": "d",
            "StageVariables": {"kept": "1", "gone": "2"},
            "DefaultRouteSettings": LIMITS,
            "RouteSettings": {"GET /pets/{id}": LIMITS},
        },
        _v2("stage"),
    ),
    "SocketStage": Row(
        "AWS::ApiGatewayV2::Stage",
        {"ApiId": SOCKET, "StageName": "two"},
        {"StageVariables": {"gone": "2"}, "DefaultRouteSettings": {**LIMITS, "LoggingLevel": "INFO"}},
        _v2("stage", "Socket"),
    ),
    "Integration": Row(
        "AWS::ApiGatewayV2::Integration",
        {
            **{"ApiId": HTTP, "IntegrationType": "HTTP_PROXY", "IntegrationUri": URI, "IntegrationMethod": "GET"},
            **{"PayloadFormatVersion": "1.0"},
        },
        {
            "Description": "d",
            "CredentialsArn": ROLE,
            "TimeoutInMillis": 5000,
            "RequestParameters": {"overwrite:header.a": "b"},
            "ResponseParameters": {"200": {"ResponseParameters": [{"Destination": "append:header.a", "Source": "b"}]}},
        },
        _v2("integration"),
    ),
    "Asks": Row(
        "AWS::ApiGatewayV2::Integration",
        {"ApiId": SOCKET, "IntegrationType": "HTTP", "IntegrationUri": URI, "IntegrationMethod": "POST"},
        {
            "PassthroughBehavior": "NEVER",
            "RequestTemplates": {"a": "{}"},
            "TemplateSelectionExpression": "a",
            "ContentHandlingStrategy": "CONVERT_TO_TEXT",
        },
        _v2("integration", "Socket"),
    ),
    "Authorizer": Row(
        "AWS::ApiGatewayV2::Authorizer",
        {
            **{"ApiId": HTTP, "AuthorizerType": "REQUEST", "AuthorizerUri": AUTHORIZES, "Name": "asks"},
            **{"AuthorizerPayloadFormatVersion": "2.0"},
        },
        {
            "AuthorizerCredentialsArn": ROLE,
            "AuthorizerResultTtlInSeconds": 30,
            "EnableSimpleResponses": True,
            "IdentitySource": ["$request.header.Auth"],
        },
        _v2("authorizer"),
    ),
    "Jwt": Row(
        "AWS::ApiGatewayV2::Authorizer",
        {
            **{"ApiId": HTTP, "AuthorizerType": "JWT", "JwtConfiguration": JWT, "Name": "jwt"},
            **{"IdentitySource": ["$request.header.Auth"]},
        },
        {},
        nothing,
    ),
    "Route": Row(
        "AWS::ApiGatewayV2::Route",
        {"ApiId": HTTP, "RouteKey": "GET /pets/{id}", "Target": {"Fn::Sub": "integrations/${Integration}"}},
        {
            "AuthorizationType": "JWT",
            "AuthorizerId": {"Ref": "Jwt"},
            "AuthorizationScopes": ["a"],
            "OperationName": "getPet",
        },
        _v2("route"),
    ),
    "SocketRoute": Row(
        "AWS::ApiGatewayV2::Route",
        {"ApiId": SOCKET, "RouteKey": "say"},
        {
            "ApiKeyRequired": True,
            "OperationName": "say",
            "RequestModels": {"a": "b"},
            "RequestParameters": {"route.request.querystring.a": {"Required": True}},
            "RouteResponseSelectionExpression": "$default",
            "Target": {"Fn::Sub": "integrations/${Asks}"},
        },
        _v2("route", "Socket"),
    ),
    "Model": Row(
        "AWS::ApiGatewayV2::Model",
        {"ApiId": SOCKET, "Name": "b", "Schema": {"type": "object"}},
        {"Description": "d", "ContentType": "application/json"},
        _v2("model", "Socket"),
    ),
    "Rest": Row(
        "AWS::ApiGateway::RestApi",
        {"Name": "rest"},
        {
            "Description": "d",
            "ApiKeySourceType": "AUTHORIZER",
            "BinaryMediaTypes": ["image/png"],
            "Policy": {"Version": "2012-10-17", "Statement": []},
        },
        _rest,
    ),
    "ImportedRest": Row(
        "AWS::ApiGateway::RestApi",
        {"Body": {"openapi": "3.0.1", "info": {"title": "t"}, "paths": PATHS}},
        {"ApiKeySourceType": "AUTHORIZER", "BinaryMediaTypes": ["image/png"]},
        _rest,
    ),
    "Method": Row(
        "AWS::ApiGateway::Method",
        {
            **{"RestApiId": REST, "ResourceId": {"Fn::GetAtt": ["Rest", "RootResourceId"]}, "HttpMethod": "GET"},
            **{"AuthorizationType": "NONE", "Integration": {"Type": "MOCK"}},
        },
        {"ApiKeyRequired": True, "OperationName": "get"},
        lambda sdk, ids, _: [
            one["resourceMethods"]
            for one in sdk("apigateway").get_resources(restApiId=ids["Rest"], embed=["methods"])["items"]
        ],
    ),
    "RestAuthorizer": Row(
        "AWS::ApiGateway::Authorizer",
        {
            **{"RestApiId": REST, "Name": "asks", "Type": "TOKEN", "AuthorizerUri": AUTHORIZES},
            **{"IdentitySource": "method.request.header.Auth"},
        },
        {
            "AuthorizerCredentials": ROLE,
            "AuthorizerResultTtlInSeconds": 30,
            "IdentityValidationExpression": "a.*",
        },
        _v1("authorizer", "authorizerId"),
    ),
    "RestModel": Row(
        "AWS::ApiGateway::Model",
        {"RestApiId": REST, "Name": "Pet", "ContentType": "application/json"},
        {"Description": "d", "Schema": {"type": "object"}},
        lambda sdk, ids, id: {
            **sdk("apigateway").get_model(restApiId=ids["Rest"], modelName=id),
            "id": None,
        },
    ),
    "Validator": Row(
        "AWS::ApiGateway::RequestValidator",
        {"RestApiId": REST},
        {"ValidateRequestBody": True, "ValidateRequestParameters": True},
        _v1("request_validator", "requestValidatorId"),
    ),
    "Answer": Row(
        "AWS::ApiGateway::GatewayResponse",
        {"RestApiId": REST, "ResponseType": "DEFAULT_4XX"},
        {"StatusCode": "418", "ResponseParameters": {"gatewayresponse.header.a": "'b'"}},
        _v1("gateway_response", "responseType"),
    ),
    "Deployment": Row(
        "AWS::ApiGateway::Deployment",
        {"RestApiId": REST},
        {"Description": "d"},
        _v1("deployment", "deploymentId"),
    ),
    "RestStage": Row(
        "AWS::ApiGateway::Stage",
        {"RestApiId": REST, "DeploymentId": {"Ref": "Deployment"}, "StageName": "one", "Variables": {"kept": "1"}},
        {
            "Description": "d",
            "Variables": {"kept": "1", "gone": "2"},
            "MethodSettings": [{"ResourcePath": "/pets/{id}", "HttpMethod": "GET", **LIMITS}],
            "TracingEnabled": True,
            "CanarySetting": {"PercentTraffic": 20, "StageVariableOverrides": {"kept": "3"}},
        },
        _v1("stage", "stageName"),
    ),
    "Key": Row(
        "AWS::ApiGateway::ApiKey",
        {},
        {"Description": "d", "Enabled": True},
        lambda sdk, _, id: {k: v for k, v in sdk("apigateway").get_api_key(apiKey=id).items() if k != "name"},
    ),
    "Plan": Row(
        "AWS::ApiGateway::UsagePlan",
        {"UsagePlanName": "p"},
        {
            "Description": "d",
            "Throttle": {"BurstLimit": 3, "RateLimit": 2},
            "Quota": {"Limit": 3, "Period": "DAY"},
            "ApiStages": [{"ApiId": REST, "Stage": {"Ref": "RestStage"}}],
        },
        lambda sdk, _, id: sdk("apigateway").get_usage_plan(usagePlanId=id),
    ),
}


@pytest.fixture(scope="module")
def looks(stacks: Stacks) -> list[dict[str, Any]]:
    return three_looks(stacks, ROWS, "apis")


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.more])
def test_what_is_left_out_again_of_apis_is_as_if_it_had_never_been_said(looks: list[dict[str, Any]], name: str) -> None:
    little, more, again = (look[name] for look in looks)

    assert more != little
    assert again == little


def test_a_canary_is_changed_in_place(stacks: Stacks) -> None:
    def told(percent: int, **more: Any) -> str:
        rows = {name: ROWS[name] for name in ("Rest", "Method", "Deployment", "RestStage")}
        said = {**rows["RestStage"].said, "CanarySetting": {"PercentTraffic": percent, **more}}
        deployment = {"Type": rows["Deployment"].type, "Properties": {"RestApiId": REST}, "DependsOn": "Method"}
        resources = {name: {"Type": row.type, "Properties": row.said} for name, row in rows.items()}
        resources |= {"Deployment": deployment, "RestStage": {"Type": rows["RestStage"].type, "Properties": said}}
        return json.dumps({"Resources": resources})

    stacks.create("canary", told(20, StageVariableOverrides={"kept": "3"}))
    stacks.update("canary", told(30))

    api = stacks.resources("canary")["Rest"]["PhysicalResourceId"]
    stage = stacks.sdk("apigateway").get_stage(restApiId=api, stageName="one")
    assert stage["canarySettings"]["percentTraffic"] == 30
    assert not stage["canarySettings"].get("stageVariableOverrides")
    assert stage["variables"] == {"kept": "1"}
