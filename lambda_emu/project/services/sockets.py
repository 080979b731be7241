"""The WebSocket API of a project, with a route for each `events: websocket`. It is known as HTTP APIs are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, Reference, ResourceKey
from lambda_emu.project.services.apis import ANYWHERE, all_of, api_id
from lambda_emu.project.services.building import Building
from lambda_emu.project.services.left import ORIGIN, TAG
from lambda_emu.project.services.reach import Reach

SOCKET_API, SOCKET_ROUTE = "WebSocket API", "WebSocket route"
NAME = "lambda-emu-websocket"
SELECTION = "$request.body.action"
STAGE = "dev"
DEFAULT = "$default"


def attach_socket_route(building: Building, function: DeclaredFunction, event: Declared) -> None:
    """building.Attach."""
    api = ResourceKey(SOCKET_API, NAME)
    if api not in building.wanted:
        building.add(SOCKET_API, NAME, {}, {}, event.place())
    shown = {
        "IntegrationUri": building.arn(function),
        "Answers": event.fields.get("Answers", False),
        "AuthorizationType": event.fields.get("AuthorizationType", "NONE"),
    }
    building.add(SOCKET_ROUTE, event.name, {**shown, "Api": Reference(api)}, shown, event.place())
    building.permit(function, event, "apigateway.amazonaws.com", api)


def _find_api(reach: Reach) -> Iterator[Present]:
    """The one of this name whose tag says that it is ours."""
    if not any(reach.of(SOCKET_API)) and not any(reach.left.of("execute-api")):
        return
    token: dict[str, str] = {}
    while True:
        page = reach.call("apigatewayv2", "GetApis", **token)
        for api in page.get("Items", []):
            if api["Name"] == NAME and api.get("Tags", {}).get(TAG) == ORIGIN:
                arn = reach.arn("execute-api", api["ApiId"] + ANYWHERE)
                yield Present(ResourceKey(SOCKET_API, NAME), {}, arn, ORIGIN)
                return
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _create_api(name: str, _: Members, reach: Reach) -> str:
    said = {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": SELECTION, "Tags": {TAG: ORIGIN}}
    made = reach.call("apigatewayv2", "CreateApi", Name=name, **said)
    reach.call("apigatewayv2", "CreateStage", ApiId=made["ApiId"], StageName=STAGE, AutoDeploy=True)
    return reach.arn("execute-api", made["ApiId"] + ANYWHERE)


def _keep_api(present: Present, _: Members, _reach: Reach) -> str:
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
                "Answers": route.get("RouteResponseSelectionExpression") == DEFAULT,
                "AuthorizationType": route.get("AuthorizationType", "NONE"),
            }
            identifier = f"{id} {route['RouteId']} {integration.get('IntegrationId', '')}"
            yield Present(ResourceKey(SOCKET_ROUTE, route["RouteKey"]), shown, identifier, ORIGIN)


def _create_route(name: str, members: Members, reach: Reach) -> str:
    id = api_id(members["Api"])
    uri = {"IntegrationType": "AWS_PROXY", "IntegrationMethod": "POST", "IntegrationUri": members["IntegrationUri"]}
    integration = reach.call("apigatewayv2", "CreateIntegration", ApiId=id, **uri)["IntegrationId"]
    said: dict[str, Any] = {"AuthorizationType": members["AuthorizationType"], "Target": f"integrations/{integration}"}
    if members["Answers"]:
        said["RouteResponseSelectionExpression"] = DEFAULT
    made = reach.call("apigatewayv2", "CreateRoute", ApiId=id, RouteKey=name, **said)["RouteId"]
    if members["Answers"]:
        reach.call("apigatewayv2", "CreateRouteResponse", ApiId=id, RouteId=made, RouteResponseKey=DEFAULT)
    return f"{id} {made} {integration}"


def _replace_route(present: Present, members: Members, reach: Reach) -> str:
    _delete_route(present, reach)
    return _create_route(present.key.name, members, reach)


def _delete_route(present: Present, reach: Reach) -> None:
    id, route, integration = present.identifier.split(" ")
    reach.find("apigatewayv2", "DeleteRoute", ApiId=id, RouteId=route)
    if integration:
        reach.find("apigatewayv2", "DeleteIntegration", ApiId=id, IntegrationId=integration)


SOCKETS: Mapping[str, ResourceKind[Reach]] = {
    SOCKET_API: ResourceKind("", _find_api, _create_api, _keep_api, _delete_api),
    SOCKET_ROUTE: ResourceKind("", _find_routes, _create_route, _replace_route, _delete_route),
}
