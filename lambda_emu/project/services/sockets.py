"""The WebSocket API of a project, with a route for each `events: websocket`. It is known as HTTP APIs are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, Reference, ResourceKey
from lambda_emu.project.services.api_gateway import (
    V2,
    api_arn,
    api_id,
    create_api,
    create_route,
    delete_api,
    delete_route,
    find_own,
    find_routes,
)
from lambda_emu.project.services.building import Building
from lambda_emu.project.services.left import ORIGIN
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
    api = find_own(reach, SOCKET_API, "websocket", NAME)
    if api is not None:
        yield Present(ResourceKey(SOCKET_API, NAME), {}, api_arn(api["ApiId"], reach), ORIGIN)


def _create_api(name: str, _: Members, reach: Reach) -> str:
    return create_api(name, STAGE, reach, ProtocolType="WEBSOCKET", RouteSelectionExpression=SELECTION)


def _keep_api(present: Present, _: Members, _reach: Reach) -> str:
    return present.identifier


def _find_routes(reach: Reach) -> Iterator[Present]:
    for api in _find_api(reach):
        for route, integration, identifier in find_routes(api.identifier, reach):
            shown = {
                "IntegrationUri": integration.get("IntegrationUri"),
                "Answers": route.get("RouteResponseSelectionExpression") == DEFAULT,
                "AuthorizationType": route.get("AuthorizationType", "NONE"),
            }
            yield Present(ResourceKey(SOCKET_ROUTE, route["RouteKey"]), shown, identifier, ORIGIN)


def _create_route(name: str, members: Members, reach: Reach) -> str:
    id = api_id(members["Api"])
    integration = {"IntegrationMethod": "POST", "IntegrationUri": members["IntegrationUri"]}
    route = {"AuthorizationType": members["AuthorizationType"]}
    if not members["Answers"]:
        return create_route(id, name, integration, route, reach)
    route["RouteResponseSelectionExpression"] = DEFAULT
    identifier = create_route(id, name, integration, route, reach)
    reach.call(V2, "CreateRouteResponse", ApiId=id, RouteId=identifier.split(" ")[1], RouteResponseKey=DEFAULT)
    return identifier


def _replace_route(present: Present, members: Members, reach: Reach) -> str:
    delete_route(present, reach)
    return _create_route(present.key.name, members, reach)


SOCKETS: Mapping[str, ResourceKind[Reach]] = {
    SOCKET_API: ResourceKind("", _find_api, _create_api, _keep_api, delete_api),
    SOCKET_ROUTE: ResourceKind("", _find_routes, _create_route, _replace_route, delete_route),
}
