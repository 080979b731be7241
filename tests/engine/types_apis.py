"""Types of APIs and load balancers, for test_sam_types.py."""

from __future__ import annotations

from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from types_rig import Account, att, ref, sub

from lambda_emu.model.stack_resource import StackResource as One


def answer(account: Account, path: str) -> str:
    """What the server says to GET; its status where that is no 200."""
    try:
        with urlopen(Request(f"{account.lam.url}{path}"), timeout=30) as told:
            return str(told.read().decode())
    except HTTPError as error:
        return str(error.code)


def id_of(account: Account, name: str) -> str:
    found = account.made().get(name)
    return found.identifier if found is not None else "gone000000"


def rest(account: Account, one: One) -> Any:
    found = account.apigateway.get_rest_api(restApiId=one.identifier)
    return found["name"], found["rootResourceId"] == one.attributes["RootResourceId"]


def resource(account: Account, one: One) -> Any:
    return account.apigateway.get_resource(restApiId=one.attributes[" of"], resourceId=one.identifier)["path"]


def method(account: Account, _: One) -> Any:
    found = account.apigateway.get_method(
        restApiId=id_of(account, "Rest"), resourceId=id_of(account, "Pets"), httpMethod="GET"
    )
    return found["operationName"]


def deployment(account: Account, one: One) -> Any:
    found = account.apigateway.get_deployment(restApiId=one.attributes[" of"], deploymentId=one.identifier)
    return found.get("description")


def stage(account: Account, one: One) -> Any:
    """By what it answers."""
    api = one.attributes[" of"]
    found = account.apigateway.get_stage(restApiId=api, stageName=one.identifier)
    return found.get("variables"), answer(account, f"/_lambda-emu/api/{api}/{one.identifier}/pets")


def authorizer(account: Account, one: One) -> Any:
    found = account.apigateway.get_authorizer(restApiId=one.attributes[" of"], authorizerId=one.identifier)
    return found["name"], found["identitySource"]


def model(account: Account, one: One) -> Any:
    found = account.apigateway.get_model(restApiId=one.attributes[" of"], modelName=one.identifier)
    return found["name"], found["schema"]


def validator(account: Account, one: One) -> Any:
    found = account.apigateway.get_request_validator(restApiId=one.attributes[" of"], requestValidatorId=one.identifier)
    return found["name"], found["validateRequestParameters"]


def gateway_response(account: Account, _: One) -> Any:
    found = account.apigateway.get_gateway_response(restApiId=id_of(account, "Rest"), responseType="DEFAULT_4XX")
    return None if found["defaultResponse"] else found["responseTemplates"]["application/json"]


def api_key(account: Account, one: One) -> Any:
    found = account.apigateway.get_api_key(apiKey=one.identifier, includeValue=True)
    return found["description"], found["value"]


def plan(account: Account, one: One) -> Any:
    found = account.apigateway.get_usage_plan(usagePlanId=one.identifier)
    return found["name"], found["throttle"]["burstLimit"], [told["stage"] for told in found["apiStages"]]


def plan_key(account: Account, one: One) -> Any:
    found = account.apigateway.get_usage_plan_keys(usagePlanId=one.attributes[" of"])["items"]
    return [told["id"] for told in found] == [id_of(account, "ApiKey")]


def account_of_apis(account: Account, _: One) -> Any:
    """There is one, whatever a stack says."""
    found = account.apigateway.get_account().get("cloudwatchRoleArn")
    return found if "Account" in account.made() else None


def domain(account: Account, one: One) -> Any:
    return account.apigateway.get_domain_name(domainName=one.identifier)["domainName"]


def base_path(account: Account, _: One) -> Any:
    found = account.apigateway.get_base_path_mappings(domainName="a.example")["items"]
    return [told["basePath"] for told in found]


def http(account: Account, one: One) -> Any:
    found = account.apigatewayv2.get_api(ApiId=one.identifier)
    assert one.identifier in one.attributes["ApiEndpoint"]
    return found["Name"], found["ProtocolType"]


def integration(account: Account, one: One) -> Any:
    found = account.apigatewayv2.get_integration(ApiId=one.attributes[" of"], IntegrationId=one.identifier)
    return found["IntegrationType"], found["TimeoutInMillis"]


def route(account: Account, one: One) -> Any:
    found = account.apigatewayv2.get_route(ApiId=one.attributes[" of"], RouteId=one.identifier)
    return found["RouteKey"]


def http_stage(account: Account, one: One) -> Any:
    """By what it answers."""
    api = one.attributes[" of"]
    found = account.apigatewayv2.get_stage(ApiId=api, StageName=one.identifier)
    return found.get("Description"), answer(account, f"/_lambda-emu/api/{api}/{one.identifier}/x")


def http_deployment(account: Account, one: One) -> Any:
    found = account.apigatewayv2.get_deployment(ApiId=one.attributes[" of"], DeploymentId=one.identifier)
    return found["Description"]


def http_authorizer(account: Account, one: One) -> Any:
    found = account.apigatewayv2.get_authorizer(ApiId=one.attributes[" of"], AuthorizerId=one.identifier)
    return found["Name"], found["JwtConfiguration"]["Audience"]


def http_model(account: Account, one: One) -> Any:
    found = account.apigatewayv2.get_model(ApiId=id_of(account, "Chat"), ModelId=one.identifier)
    return found["Name"]


def route_response(account: Account, one: One) -> Any:
    found = account.apigatewayv2.get_route_response(
        ApiId=id_of(account, "Chat"), RouteId=id_of(account, "Said"), RouteResponseId=one.identifier
    )
    return found["RouteResponseKey"]


def integration_response(account: Account, one: One) -> Any:
    found = account.apigatewayv2.get_integration_response(
        ApiId=id_of(account, "Chat"), IntegrationId=id_of(account, "Mock"), IntegrationResponseId=one.identifier
    )
    return found["IntegrationResponseKey"]


def http_domain(account: Account, one: One) -> Any:
    found = account.apigatewayv2.get_domain_name(DomainName=one.identifier)
    return found["DomainName"]


def http_mapping(account: Account, one: One) -> Any:
    found = account.apigatewayv2.get_api_mapping(DomainName="h.example", ApiMappingId=one.identifier)
    return found["ApiMappingKey"]


def balancer(account: Account, one: One) -> Any:
    found = account.elbv2.describe_load_balancers(LoadBalancerArns=[one.identifier])["LoadBalancers"][0]
    assert found["DNSName"] == one.attributes["DNSName"]
    return found["LoadBalancerName"]


def targets(account: Account, one: One) -> Any:
    found = account.elbv2.describe_target_groups(TargetGroupArns=[one.identifier])["TargetGroups"][0]
    there = account.elbv2.describe_target_health(TargetGroupArn=one.identifier)["TargetHealthDescriptions"]
    return found["TargetGroupName"], [told["Target"]["Id"].rpartition(":")[2] for told in there]


def listener(account: Account, one: One) -> Any:
    """By what it answers."""
    found = account.elbv2.describe_listeners(ListenerArns=[one.identifier])["Listeners"]
    name = found[0]["LoadBalancerArn"].split("/")[2]
    return answer(account, f"/_lambda-emu/elb/{name}/")


def listener_rule(account: Account, one: One) -> Any:
    """By what it answers."""
    account.elbv2.describe_rules(RuleArns=[one.identifier])
    name = one.identifier.split("/")[2]
    return answer(account, f"/_lambda-emu/elb/{name}/hi"), answer(account, f"/_lambda-emu/elb/{name}/hello")


def mock(word: str) -> Any:
    answers = [{"StatusCode": "200", "ResponseTemplates": {"application/json": word}}]
    asked = {"application/json": '{"statusCode": 200}'}
    return {"Type": "MOCK", "RequestTemplates": asked, "IntegrationResponses": answers}


def deployed(word: str) -> Any:
    return {"Description": word, "RestApiId": ref("Rest")}


def fixed(status: str) -> Any:
    return [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": status}}]


OF_REST, OF_HTTP, OF_CHAT = {"RestApiId": ref("Rest")}, {"ApiId": ref("Http")}, {"ApiId": ref("Chat")}
HI_URI = sub("arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Echo.Arn}/invocations")
JWT = {"AuthorizerType": "JWT", "IdentitySource": ["$request.header.Authorization"]}
ECHO = "def handler(event, context): return {'statusCode': 200, 'body': context.function_name}"
FUNCTION = {"Runtime": "python3.11", "Handler": "index.handler", "Role": att("Role"), "Code": {"ZipFile": ECHO}}
