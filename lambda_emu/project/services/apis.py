"""The HTTP API of a project, with a route for each event of this kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, ResourceKey
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
from lambda_emu.project.services.left import ORIGIN
from lambda_emu.project.services.reach import Reach

API, ROUTE = "API", "route"
API_NAME = "lambda-emu"


def _find_api(reach: Reach) -> Iterator[Present]:
    api = find_own(reach, API, "http", API_NAME)
    if api is not None:
        cors = {name: value for name, value in api.get("CorsConfiguration", {}).items() if value}
        key = ResourceKey(API, API_NAME)
        wanted = reach.wanted[key].shown if key in reach.wanted else {}
        yield Present(key, {"CorsConfiguration": cors} if wanted else {}, api_arn(api["ApiId"], reach), ORIGIN)


def _create_api(name: str, members: Members, reach: Reach) -> str:
    said = {member: value for member, value in members.items() if value}
    return create_api(name, "$default", reach, ProtocolType="HTTP", **said)


def _update_api(present: Present, members: Members, reach: Reach) -> str:
    """A configuration is replaced as a whole."""
    id = api_id(present.identifier)
    reach.find(V2, "DeleteCorsConfiguration", ApiId=id)
    if members["CorsConfiguration"]:
        reach.call(V2, "UpdateApi", ApiId=id, **members)
    return present.identifier


def _find_routes(reach: Reach) -> Iterator[Present]:
    for api in _find_api(reach):
        for route, integration, identifier in find_routes(api.identifier, reach):
            shown = {
                "IntegrationUri": integration.get("IntegrationUri"),
                "PayloadFormatVersion": integration.get("PayloadFormatVersion"),
                "AuthorizationType": route.get("AuthorizationType", "NONE"),
            }
            yield Present(ResourceKey(ROUTE, route["RouteKey"]), shown, identifier, ORIGIN)


def _create_route(name: str, members: Members, reach: Reach) -> str:
    integration = {member: members[member] for member in ("IntegrationUri", "PayloadFormatVersion")}
    route = {"AuthorizationType": members["AuthorizationType"]}
    return create_route(api_id(members["Api"]), name, integration, route, reach)


def _replace_route(present: Present, members: Members, reach: Reach) -> str:
    delete_route(present, reach)
    return _create_route(present.key.name, members, reach)


APIS: Mapping[str, ResourceKind[Reach]] = {
    API: ResourceKind("", _find_api, _create_api, _update_api, delete_api),
    ROUTE: ResourceKind("", _find_routes, _create_route, _replace_route, delete_route),
}
