"""What the APIs of a project share, whatever their kind. The identifier of one is the ARN of all below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.resources import Present
from lambda_emu.project.services.left import ORIGIN, PREFIX, TAG
from lambda_emu.project.services.reach import Reach

V1, V2 = "apigateway", "apigatewayv2"
"""The services: of REST APIs, and of HTTP and WebSocket APIs."""
ANYWHERE = "/*/*"
"""What an ARN ends with that means all stages and routes of an API."""
PAGE = 500

Told = Mapping[str, Any]


def api_arn(id: str, reach: Reach) -> str:
    return reach.arn("execute-api", id + ANYWHERE)


def api_id(identifier: str) -> str:
    return identifier.removesuffix(ANYWHERE).rpartition(":")[2]


def may_be_there(reach: Reach, kind: str, event: str) -> bool:
    """Whether one is declared, or an earlier deployment may have left one. event: that has permissions for it."""
    begin = f"{PREFIX}{event}-"
    return any(reach.of(kind)) or any(one.id.startswith(begin) for one in reach.left.of("execute-api"))


def all_v1(reach: Reach, operation: str, **members: Any) -> Iterator[Told]:
    position: dict[str, str] = {}
    while True:
        page = reach.call(V1, operation, limit=PAGE, **members, **position)
        yield from page.get("items", [])
        if not page.get("position"):
            return
        position = {"position": page["position"]}


def all_v2(reach: Reach, operation: str, **members: Any) -> Iterator[Told]:
    token: dict[str, str] = {}
    while True:
        page = reach.call(V2, operation, **members, **token)
        yield from page.get("Items", [])
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def find_own(reach: Reach, kind: str, event: str, name: str) -> Told | None:
    """The API of HTTP or WebSocket of this name whose tag says that it is ours. event: as of `may_be_there`."""
    if not may_be_there(reach, kind, event):
        return None
    named = (api for api in all_v2(reach, "GetApis") if api["Name"] == name)
    return next((api for api in named if api.get("Tags", {}).get(TAG) == ORIGIN), None)


def create_api(name: str, stage: str, reach: Reach, **members: Any) -> str:
    """With a stage that is deployed to by itself. Its identifier."""
    id: str = reach.call(V2, "CreateApi", Name=name, Tags={TAG: ORIGIN}, **members)["ApiId"]
    reach.call(V2, "CreateStage", ApiId=id, StageName=stage, AutoDeploy=True)
    return api_arn(id, reach)


def delete_api(present: Present, reach: Reach) -> None:
    reach.find(V2, "DeleteApi", ApiId=api_id(present.identifier))


def find_routes(identifier: str, reach: Reach) -> Iterator[tuple[Told, Told, str]]:
    """Each with the integration that is its own, and its identifier."""
    id = api_id(identifier)
    integrations = {one["IntegrationId"]: one for one in all_v2(reach, "GetIntegrations", ApiId=id)}
    for route in all_v2(reach, "GetRoutes", ApiId=id):
        integration = integrations.get(route.get("Target", "").removeprefix("integrations/"), {})
        yield route, integration, f"{id} {route['RouteId']} {integration.get('IntegrationId', '')}"


def create_route(id: str, key: str, integration: Told, route: Told, reach: Reach) -> str:
    """With an integration of its own. Its identifier."""
    made = reach.call(V2, "CreateIntegration", ApiId=id, IntegrationType="AWS_PROXY", **integration)["IntegrationId"]
    told = reach.call(V2, "CreateRoute", ApiId=id, RouteKey=key, Target=f"integrations/{made}", **route)
    return f"{id} {told['RouteId']} {made}"


def delete_route(present: Present, reach: Reach) -> None:
    id, route, integration = present.identifier.split(" ")
    reach.find(V2, "DeleteRoute", ApiId=id, RouteId=route)
    if integration:
        reach.find(V2, "DeleteIntegration", ApiId=id, IntegrationId=integration)
