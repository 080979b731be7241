"""APIs of a project from documents of OpenAPI. An identifier is the ARN of all that may be invoked of one.

Tags say which of the project's APIs one is, by which document it was made, and to which stage it is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from lambda_emu.project.api_keys import IMPORTED_API
from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, Reference, ResourceKey
from lambda_emu.project.services.apis import ANYWHERE, api_id
from lambda_emu.project.services.building import Building, filled, hash_of
from lambda_emu.project.services.left import ORIGIN, PREFIX, TAG
from lambda_emu.project.services.reach import Reach

REST, HTTP = "rest", "http"
NAME, DOCUMENT, STAGE = "lambda-emu:api", "lambda-emu:document", "lambda-emu:stage"
PERMITTED = f"{PREFIX}api-"
"""How ids of the permissions of these APIs begin."""
FIRST_STAGES = {REST: "dev", HTTP: "$default"}

_FUNCTION = re.compile(r":function:([\w-]{1,64})")


def declare_api(building: Building, declared: Declared, functions: Iterable[DeclaredFunction]) -> None:
    """functions: of the project; those that the document names may be run by the API."""
    kind = declared.fields.get("kind", REST)
    document = filled(declared.fields["document"], building.scope)
    stage = declared.fields.get("stage", FIRST_STAGES[kind])
    shown = {"Kind": kind, "Stage": stage, "Document": sha256(document.encode()).hexdigest()[:32]}
    api = building.add(IMPORTED_API, declared.name, {**shown, "Body": document}, shown, declared.place("openapi"))
    named = set(_FUNCTION.findall(document))
    for function in functions:
        if function.name in named:
            said = {"Principal": "apigateway.amazonaws.com", "Action": "lambda:InvokeFunction"}
            id = f"{PERMITTED}{hash_of([declared.name])}"
            building.permission(function, id, {**said, "SourceArn": Reference(api)}, declared.place("openapi"))


def _find(reach: Reach) -> Iterator[Present]:
    has_left = any(one.id.startswith(PERMITTED) for one in reach.left.of("execute-api"))
    if not has_left and not any(reach.of(IMPORTED_API)):
        return
    for kind, id, tags in (*_rest_apis(reach), *_http_apis(reach)):
        if tags.get(TAG) == ORIGIN and NAME in tags:
            shown = {"Kind": kind, "Stage": tags.get(STAGE, ""), "Document": tags.get(DOCUMENT, "")}
            yield Present(ResourceKey(IMPORTED_API, tags[NAME]), shown, _arn(id, reach), ORIGIN)


def _rest_apis(reach: Reach) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    token: dict[str, str] = {}
    while True:
        page = reach.call("apigateway", "GetRestApis", limit=500, **token)
        for api in page.get("items", []):
            yield REST, api["id"], api.get("tags") or {}
        if not page.get("position"):
            return
        token = {"position": page["position"]}


def _http_apis(reach: Reach) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    token: dict[str, str] = {}
    while True:
        page = reach.call("apigatewayv2", "GetApis", **token)
        for api in page.get("Items", []):
            yield HTTP, api["ApiId"], api.get("Tags") or {}
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _create(name: str, members: Members, reach: Reach) -> str:
    stage = members["Stage"]
    if members["Kind"] == REST:
        id = reach.call("apigateway", "ImportRestApi", body=members["Body"].encode())["id"]
        _tag(id, name, members, reach)
        reach.call("apigateway", "CreateDeployment", restApiId=id, stageName=stage)
    else:
        id = reach.call("apigatewayv2", "ImportApi", Body=members["Body"])["ApiId"]
        _tag(id, name, members, reach)
        reach.call("apigatewayv2", "CreateStage", ApiId=id, StageName=stage, AutoDeploy=True)
    return _arn(id, reach)


def _update(present: Present, members: Members, reach: Reach) -> str:
    """One of another kind, or at another stage, is another API."""
    if any(members[name] != present.shown[name] for name in ("Kind", "Stage")):
        _delete(present, reach)
        return _create(present.key.name, members, reach)
    id = api_id(present.identifier)
    if members["Kind"] == REST:
        reach.call("apigateway", "PutRestApi", restApiId=id, mode="overwrite", body=members["Body"].encode())
        reach.call("apigateway", "CreateDeployment", restApiId=id, stageName=members["Stage"])
    else:
        reach.call("apigatewayv2", "ReimportApi", ApiId=id, Body=members["Body"])
    _tag(id, present.key.name, members, reach)
    return present.identifier


def _delete(present: Present, reach: Reach) -> None:
    id = api_id(present.identifier)
    if present.shown["Kind"] == REST:
        reach.find("apigateway", "DeleteRestApi", restApiId=id)
    else:
        reach.find("apigatewayv2", "DeleteApi", ApiId=id)


def _tag(id: str, name: str, members: Members, reach: Reach) -> None:
    tags = {TAG: ORIGIN, NAME: name, DOCUMENT: members["Document"], STAGE: members["Stage"]}
    scope = reach.context.scope
    begin = f"arn:{scope.partition}:apigateway:{scope.region}::"
    if members["Kind"] == REST:
        reach.call("apigateway", "TagResource", resourceArn=f"{begin}/restapis/{id}", tags=tags)
    else:
        reach.call("apigatewayv2", "TagResource", ResourceArn=f"{begin}/apis/{id}", Tags=tags)


def _arn(id: str, reach: Reach) -> str:
    return reach.arn("execute-api", id + ANYWHERE)


def addresses(reach: Reach) -> Iterator[tuple[str, str]]:
    """Where each is asked."""
    for api in IMPORTED[IMPORTED_API].find(reach):
        stage = api.shown["Stage"]
        below = "" if stage == "$default" else f"{stage}/"
        where = f"{reach.context.base_url}/_lambda-emu/api/{api_id(api.identifier)}/{below}"
        yield f"API {api.key.name}", where


IMPORTED: Mapping[str, ResourceKind[Any]] = {
    IMPORTED_API: ResourceKind("", _find, _create, _update, _delete, renews=True),
}
