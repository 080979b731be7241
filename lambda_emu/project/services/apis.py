"""The HTTP API of a project, with a route for each event of this kind. Its identifier is the ARN of all its routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, ResourceKey
from lambda_emu.project.services.left import ORIGIN, TAG
from lambda_emu.project.services.reach import Reach

API, ROUTE = "API", "route"
API_NAME = "lambda-emu"
ANYWHERE = "/*/*"
"""What an ARN ends with that means all stages and routes of an API."""


def api_id(identifier: str) -> str:
    return identifier.removesuffix(ANYWHERE).rpartition(":")[2]


def _find_api(reach: Reach) -> Iterator[Present]:
    """The one of this name whose tag says that it is ours."""
    if not any(reach.of(API)) and not any(reach.left.of("execute-api")):
        return
    token: dict[str, str] = {}
    while True:
        page = reach.call("apigatewayv2", "GetApis", **token)
        for api in page.get("Items", []):
            if api["Name"] == API_NAME and api.get("Tags", {}).get(TAG) == ORIGIN:
                arn = reach.arn("execute-api", api["ApiId"] + ANYWHERE)
                cors = {name: value for name, value in api.get("CorsConfiguration", {}).items() if value}
                key = ResourceKey(API, API_NAME)
                wanted = reach.wanted[key].shown if key in reach.wanted else {}
                yield Present(key, {"CorsConfiguration": cors} if wanted else {}, arn, ORIGIN)
                return
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _create_api(name: str, members: Members, reach: Reach) -> str:
    said = {member: value for member, value in members.items() if value}
    made = reach.call("apigatewayv2", "CreateApi", Name=name, ProtocolType="HTTP", Tags={TAG: ORIGIN}, **said)
    reach.call("apigatewayv2", "CreateStage", ApiId=made["ApiId"], StageName="$default", AutoDeploy=True)
    return reach.arn("execute-api", made["ApiId"] + ANYWHERE)


def _update_api(present: Present, members: Members, reach: Reach) -> str:
    """A configuration is replaced as a whole."""
    id = api_id(present.identifier)
    reach.find("apigatewayv2", "DeleteCorsConfiguration", ApiId=id)
    if members["CorsConfiguration"]:
        reach.call("apigatewayv2", "UpdateApi", ApiId=id, **members)
    return present.identifier


def _delete_api(present: Present, reach: Reach) -> None:
    reach.find("apigatewayv2", "DeleteApi", ApiId=api_id(present.identifier))


def _find_routes(reach: Reach) -> Iterator[Present]:
    """Each with the integration that is its own."""
    for api in _find_api(reach):
        id = api_id(api.identifier)
        integrations = {one["IntegrationId"]: one for one in all_of(reach, "GetIntegrations", id)}
        for route in all_of(reach, "GetRoutes", id):
            integration = integrations.get(route.get("Target", "").removeprefix("integrations/"), {})
            shown = {
                "IntegrationUri": integration.get("IntegrationUri"),
                "PayloadFormatVersion": integration.get("PayloadFormatVersion"),
                "AuthorizationType": route.get("AuthorizationType", "NONE"),
            }
            identifier = f"{id} {route['RouteId']} {integration.get('IntegrationId', '')}"
            yield Present(ResourceKey(ROUTE, route["RouteKey"]), shown, identifier, ORIGIN)


def all_of(reach: Reach, operation: str, id: str) -> Iterator[Mapping[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = reach.call("apigatewayv2", operation, ApiId=id, **token)
        yield from page.get("Items", [])
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _create_route(name: str, members: Members, reach: Reach) -> str:
    id = api_id(members["Api"])
    integration = reach.call(
        "apigatewayv2",
        "CreateIntegration",
        ApiId=id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=members["IntegrationUri"],
        PayloadFormatVersion=members["PayloadFormatVersion"],
    )["IntegrationId"]
    said = {"AuthorizationType": members["AuthorizationType"], "Target": f"integrations/{integration}"}
    made = reach.call("apigatewayv2", "CreateRoute", ApiId=id, RouteKey=name, **said)
    return f"{id} {made['RouteId']} {integration}"


def _replace_route(present: Present, members: Members, reach: Reach) -> str:
    _delete_route(present, reach)
    return _create_route(present.key.name, members, reach)


def _delete_route(present: Present, reach: Reach) -> None:
    id, route, integration = present.identifier.split(" ")
    reach.find("apigatewayv2", "DeleteRoute", ApiId=id, RouteId=route)
    if integration:
        reach.find("apigatewayv2", "DeleteIntegration", ApiId=id, IntegrationId=integration)


APIS: Mapping[str, ResourceKind[Reach]] = {
    API: ResourceKind("", _find_api, _create_api, _update_api, _delete_api),
    ROUTE: ResourceKind("", _find_routes, _create_route, _replace_route, _delete_route),
}
