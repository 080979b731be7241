"""The REST API of a project, with a method for each `events: rest`; it is changed and deployed as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, ResourceKey
from lambda_emu.project.services.api_gateway import V1, all_v1, api_arn, api_id, may_be_there
from lambda_emu.project.services.building import Building
from lambda_emu.project.services.left import ORIGIN, TAG
from lambda_emu.project.services.reach import Reach
from lambda_emu.triggers.addresses import address_below
from lambda_emu.triggers.execute_api.refusals import LABEL, PATH

REST_API = "REST API"
NAME = "lambda-emu-rest"
STAGE = "dev"
PROXY = "AWS_PROXY"

_INVOKE = "arn:aws:apigateway:{}:lambda:path/2015-03-31/functions/{}/invocations"


def attach_method(building: Building, function: DeclaredFunction, event: Declared) -> None:
    """building.Attach."""
    key = ResourceKey(REST_API, NAME)
    before = building.wanted.get(key)
    method = {
        "function": building.arn(function),
        "authorizationType": event.fields.get("authorizationType", "NONE"),
    }
    methods = {**({} if before is None else before.shown), event.name: method}
    building.add(REST_API, NAME, methods, methods, event.place() if before is None else before.place)
    building.permit(function, event, "apigateway.amazonaws.com", key)


def address_of(present: Present, reach: Reach) -> str:
    """Where its stage is called."""
    context = reach.context
    base = address_below(api_id(present.identifier), LABEL, context.scope.region, context.base_url, PATH)
    return f"{base}{STAGE}/"


def _find(reach: Reach) -> Iterator[Present]:
    """The one of this name whose tag says that it is ours."""
    if not may_be_there(reach, REST_API, "rest"):
        return
    for api in all_v1(reach, "GetRestApis"):
        if api["name"] == NAME and api.get("tags", {}).get(TAG) == ORIGIN:
            shown = {f"{verb} {path}": _shown(method) for path, verb, method in _methods(api["id"], reach)}
            yield Present(ResourceKey(REST_API, NAME), shown, api_arn(api["id"], reach), ORIGIN)
            return


def _methods(id: str, reach: Reach) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Path, verb, what is told of it."""
    for resource in all_v1(reach, "GetResources", restApiId=id, embed=["methods"]):
        for verb, method in resource.get("resourceMethods", {}).items():
            yield resource["path"], verb, method


def _shown(method: Mapping[str, Any]) -> Members:
    uri = (method.get("methodIntegration") or {}).get("uri", "")
    function = uri.partition("/functions/")[2].removesuffix("/invocations")
    return {"function": function, "authorizationType": method.get("authorizationType", "NONE")}


def _create(name: str, members: Members, reach: Reach) -> str:
    id: str = reach.call(V1, "CreateRestApi", name=name, tags={TAG: ORIGIN})["id"]
    _put(id, members, reach)
    return api_arn(id, reach)


def _update(present: Present, members: Members, reach: Reach) -> str:
    """What differs, and then all of it is deployed."""
    id = api_id(present.identifier)
    resources = _resources(id, reach)
    for method in present.shown.keys() - members.keys():
        verb, path = method.split(" ")
        reach.find(V1, "DeleteMethod", restApiId=id, resourceId=resources[path], httpMethod=verb)
    changed = {name: told for name, told in members.items() if present.shown.get(name) != told}
    _put(id, changed, reach)
    return present.identifier


def _put(id: str, methods: Members, reach: Reach) -> None:
    resources = _resources(id, reach)
    for name, told in methods.items():
        verb, path = name.split(" ")
        method = {"restApiId": id, "resourceId": _resource(path, id, resources, reach), "httpMethod": verb}
        reach.find(V1, "DeleteMethod", **method)
        reach.call(V1, "PutMethod", **method, authorizationType=told["authorizationType"])
        uri = _INVOKE.format(reach.context.scope.region, told["function"])
        reach.call(V1, "PutIntegration", **method, type=PROXY, integrationHttpMethod="POST", uri=uri)
    reach.call(V1, "CreateDeployment", restApiId=id, stageName=STAGE)


def _resources(id: str, reach: Reach) -> dict[str, str]:
    """Ids by path."""
    return {one["path"]: one["id"] for one in all_v1(reach, "GetResources", restApiId=id)}


def _resource(path: str, id: str, resources: dict[str, str], reach: Reach) -> str:
    """Its id; what is missing of the path is made."""
    if path not in resources:
        above, _, part = path.rpartition("/")
        parent = _resource(above or "/", id, resources, reach)
        made = reach.call(V1, "CreateResource", restApiId=id, parentId=parent, pathPart=part)
        resources[path] = made["id"]
    return resources[path]


def _delete(present: Present, reach: Reach) -> None:
    reach.find(V1, "DeleteRestApi", restApiId=api_id(present.identifier))


RESTS: Mapping[str, ResourceKind[Reach]] = {REST_API: ResourceKind("", _find, _create, _update, _delete)}
