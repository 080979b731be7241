"""Rows of APIs and load balancers, for test_sam_types.py: types_apis.py looks at them."""

from __future__ import annotations

from typing import Any

import types_apis as look
from types_apis import FUNCTION, HI_URI, JWT, OF_CHAT, OF_HTTP, OF_REST, deployed, fixed, mock
from types_rig import Row, att, is_made, ref


def issuer(*audience: str) -> Any:
    return {"JwtConfiguration": {"Issuer": "https://issuer.example", "Audience": [*audience]}}


def path(*values: str) -> Any:
    return {"Conditions": [{"Field": "path-pattern", "Values": [*values]}]}


V1, V2, ELB = "AWS::ApiGateway::", "AWS::ApiGatewayV2::", "AWS::ElasticLoadBalancingV2::"
MAY = {"FunctionName": ref("Echo"), "Action": "lambda:InvokeFunction"}
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/11111111-2222-3333-4444-555555555555"
REST = [
    Row("Rest", f"{V1}RestApi", {"Name": "old"}, look.rest, (("old", True), ("new", True)), {"Name": "new"}),
    Row(
        "Pets",
        f"{V1}Resource",
        {**OF_REST, "ParentId": att("Rest", "RootResourceId"), "PathPart": "pets"},
        look.resource,
        ("/pets",),
    ),
    Row(
        "Toys",
        f"{V1}Resource",
        {**OF_REST, "ParentId": ref("Pets"), "PathPart": "toys"},
        look.resource,
        ("/pets/toys", "/pets/toys", "/pets/food"),
        {},
        {"PathPart": "food"},
    ),
    Row(
        "Get",
        f"{V1}Method",
        {**OF_REST, "ResourceId": ref("Pets"), "HttpMethod": "GET", "OperationName": "old"}
        | {"Integration": mock("cat"), "MethodResponses": [{"StatusCode": "200"}]},
        look.method,
        ("old", "new"),
        {"OperationName": "new", "Integration": mock("dog")},
    ),
    Row(
        "Deployed",
        f"{V1}Deployment",
        deployed("old"),
        look.deployment,
        ("old", "new"),
        {"Description": "new"},
        after="Get",
    ),
    Row(
        "V1",
        f"{V1}Stage",
        {**OF_REST, "DeploymentId": ref("Deployed"), "StageName": "v1", "Variables": {"a": "1"}},
        look.stage,
        (({"a": "1"}, "cat"), ({"a": "2"}, "cat")),
        {"Variables": {"a": "2"}},
        {"StageName": "v2"},
    ),
    Row(
        "Guard",
        f"{V1}Authorizer",
        {**OF_REST, "Name": "old", "Type": "TOKEN", "AuthorizerUri": HI_URI}
        | {"IdentitySource": "method.request.header.Authorization"},
        look.authorizer,
        (("old", "method.request.header.Authorization"), ("new", "method.request.header.Key")),
        {"Name": "new", "IdentitySource": "method.request.header.Key"},
    ),
    Row(
        "Pet",
        f"{V1}Model",
        {**OF_REST, "Name": "Pet", "ContentType": "application/json", "Schema": {"type": "object"}},
        look.model,
        (("Pet", '{"type": "object"}'), ("Pet", '{"type": "string"}'), ("Animal", '{"type": "string"}')),
        {"Schema": {"type": "string"}},
        {"Name": "Animal"},
    ),
    Row(
        "Checks",
        f"{V1}RequestValidator",
        {**OF_REST, "Name": "checks", "ValidateRequestParameters": True},
        look.validator,
        (("checks", True), ("checks", False), ("more", False)),
        {"ValidateRequestParameters": False},
        {"Name": "more"},
    ),
    Row(
        "Refused",
        f"{V1}GatewayResponse",
        {**OF_REST, "ResponseType": "DEFAULT_4XX", "ResponseTemplates": {"application/json": "no"}},
        look.gateway_response,
        ("no", "never"),
        {"ResponseTemplates": {"application/json": "never"}},
    ),
    Row(
        "ApiKey",
        f"{V1}ApiKey",
        {"Enabled": True, "Description": "old", "Value": "12345678901234567890"},
        look.api_key,
        (("old", "12345678901234567890"), ("new", "12345678901234567890"), ("new", "22345678901234567890")),
        {"Description": "new"},
        {"Value": "22345678901234567890"},
    ),
    Row(
        "Plan",
        f"{V1}UsagePlan",
        {"UsagePlanName": "plan", "Throttle": {"BurstLimit": 1, "RateLimit": 1}},
        look.plan,
        (("plan", 1, []), ("plan", 2, ["v1"]), ("plan", 2, ["v2"])),
        {"Throttle": {"BurstLimit": 2, "RateLimit": 1}} | {"ApiStages": [{"ApiId": ref("Rest"), "Stage": ref("V1")}]},
    ),
    Row(
        "PlanKey",
        f"{V1}UsagePlanKey",
        {"KeyId": ref("ApiKey"), "KeyType": "API_KEY", "UsagePlanId": ref("Plan")},
        look.plan_key,
        (True,),
    ),
    Row("Account", f"{V1}Account", {"CloudWatchRoleArn": att("Role")}, look.account_of_apis, ()),
    Row(
        "ApiDomain",
        f"{V1}DomainName",
        {"DomainName": "a.example", "RegionalCertificateArn": CERTIFICATE}
        | {"EndpointConfiguration": {"Types": ["REGIONAL"]}},
        look.domain,
        ("a.example",),
    ),
    Row(
        "Mapped",
        f"{V1}BasePathMapping",
        {"DomainName": ref("ApiDomain"), **OF_REST, "Stage": ref("V1"), "BasePath": "one"},
        look.base_path,
        (["one"], ["one"], ["two"]),
        {},
        {"BasePath": "two"},
    ),
]
HTTP = [
    Row("Echo", "AWS::Lambda::Function", {**FUNCTION, "FunctionName": "echo"}, is_made, ()),
    Row(
        "EchoMay",
        "AWS::Lambda::Permission",
        {**MAY, "Principal": "apigateway.amazonaws.com"},
        is_made,
        (),
    ),
    Row(
        "Http",
        f"{V2}Api",
        {"Name": "old", "ProtocolType": "HTTP"},
        look.http,
        (("old", "HTTP"), ("new", "HTTP")),
        {"Name": "new"},
    ),
    Row(
        "Whole",
        f"{V2}Integration",
        {**OF_HTTP, "IntegrationType": "AWS_PROXY", "IntegrationUri": att("Echo"), "PayloadFormatVersion": "2.0"}
        | {"TimeoutInMillis": "1000"},
        look.integration,
        (("AWS_PROXY", 1000), ("AWS_PROXY", 2000)),
        {"TimeoutInMillis": 2000},
    ),
    Row(
        "Any",
        f"{V2}Route",
        {**OF_HTTP, "RouteKey": "GET /x", "Target": {"Fn::Sub": "integrations/${Whole}"}},
        look.route,
        ("GET /x", "ANY /x"),
        {"RouteKey": "ANY /x"},
    ),
    Row(
        "Stage",
        f"{V2}Stage",
        {**OF_HTTP, "StageName": "one", "AutoDeploy": True, "Description": "old"},
        look.http_stage,
        (("old", "echo"), ("new", "echo"), ("new", "echo")),
        {"Description": "new"},
        {"StageName": "two"},
        after="Any",
    ),
    Row(
        "Deploys",
        f"{V2}Deployment",
        {**OF_HTTP, "Description": "old"},
        look.http_deployment,
        ("old",),
        after="Any",
    ),
    Row(
        "Tokens",
        f"{V2}Authorizer",
        {**OF_HTTP, **JWT, "Name": "jwt", **issuer("a")},
        look.http_authorizer,
        (("jwt", ["a"]), ("jwt", ["b"])),
        issuer("b"),
    ),
    Row(
        "Chat",
        f"{V2}Api",
        {"Name": "chat", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"},
        look.http,
        (("chat", "WEBSOCKET"),),
    ),
    Row(
        "Mock",
        f"{V2}Integration",
        {**OF_CHAT, "IntegrationType": "MOCK"},
        is_made,
        (),
    ),
    Row(
        "Said",
        f"{V2}Route",
        {**OF_CHAT, "RouteKey": "say", "Target": {"Fn::Sub": "integrations/${Mock}"}},
        look.route,
        ("say",),
    ),
    Row(
        "SaidBack",
        f"{V2}RouteResponse",
        {**OF_CHAT, "RouteId": ref("Said"), "RouteResponseKey": "$default"},
        look.route_response,
        ("$default",),
    ),
    Row(
        "MockBack",
        f"{V2}IntegrationResponse",
        {**OF_CHAT, "IntegrationId": ref("Mock"), "IntegrationResponseKey": "$default"},
        look.integration_response,
        ("$default", "/200/"),
        {"IntegrationResponseKey": "/200/"},
    ),
    Row(
        "Message",
        f"{V2}Model",
        {**OF_CHAT, "Name": "Message", "ContentType": "application/json", "Schema": {"type": "object"}},
        look.http_model,
        ("Message", "Word"),
        {"Name": "Word"},
    ),
    Row(
        "HttpDomain",
        f"{V2}DomainName",
        {"DomainName": "h.example"}
        | {"DomainNameConfigurations": [{"CertificateArn": CERTIFICATE, "EndpointType": "REGIONAL"}]},
        look.http_domain,
        ("h.example",),
    ),
    Row(
        "HttpMapped",
        f"{V2}ApiMapping",
        {"DomainName": ref("HttpDomain"), **OF_HTTP, "Stage": ref("Stage"), "ApiMappingKey": "one"},
        look.http_mapping,
        ("one", "one", "two"),
        {},
        {"ApiMappingKey": "two"},
    ),
]
BALANCERS = [
    Row("Balancer", f"{ELB}LoadBalancer", {"Name": "one"}, look.balancer, ("one", "one", "two"), {}, {"Name": "two"}),
    Row(
        "BalancerMay",
        "AWS::Lambda::Permission",
        {**MAY, "Principal": "elasticloadbalancing.amazonaws.com"},
        is_made,
        (),
    ),
    Row(
        "Targets",
        f"{ELB}TargetGroup",
        {"Name": "one", "TargetType": "lambda", "Targets": [{"Id": att("Echo")}]},
        look.targets,
        (("one", ["echo"]), ("one", []), ("two", ["echo"])),
        {"Targets": []},
        {"Name": "two", "Targets": [{"Id": att("Echo")}]},
        after="BalancerMay",
    ),
    Row(
        "Listener",
        f"{ELB}Listener",
        {"LoadBalancerArn": ref("Balancer"), "Port": "80", "Protocol": "HTTP", "DefaultActions": fixed("418")},
        look.listener,
        ("418", "404"),
        {"DefaultActions": fixed("404")},
    ),
    Row(
        "ListenerRule",
        f"{ELB}ListenerRule",
        {"ListenerArn": ref("Listener"), "Priority": 1, "Actions": fixed("410"), **path("/hi")},
        look.listener_rule,
        (("410", "418"), ("404", "409"), ("404", "409")),
        {"Actions": fixed("409"), **path("/hello")},
    ),
]
APIS = [*REST, *HTTP, *BALANCERS]
