"""APIs of a project from documents of OpenAPI. An identifier is the ARN of all that may be invoked of one.

Tags say which of the project's APIs one is, by which document it was made, and to which stage it is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.keys.apis import IMPORTED_API
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, Reference, ResourceKey
from lambda_emu.project.services.api_gateway import V1, V2, all_v1, all_v2, api_arn, api_id, may_be_there
from lambda_emu.project.services.building import Building, filled, hash_of
from lambda_emu.project.services.left import ORIGIN, PREFIX, TAG
from lambda_emu.project.services.reach import Reach

REST, HTTP = "rest", "http"
NAME, DOCUMENT, STAGE = "lambda-emu:api", "lambda-emu:document", "lambda-emu:stage"
EVENT = "api"
"""Stands in the ids of their permissions, where others have their kind of event."""
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
            id = f"{PREFIX}{EVENT}-{hash_of([declared.name])}"
            building.permission(function, id, {**said, "SourceArn": Reference(api)}, declared.place("openapi"))


def _find(reach: Reach) -> Iterator[Present]:
    if not may_be_there(reach, IMPORTED_API, EVENT):
        return
    rest = [(REST, api["id"], api.get("tags") or {}) for api in all_v1(reach, "GetRestApis")]
    http = [(HTTP, api["ApiId"], api.get("Tags") or {}) for api in all_v2(reach, "GetApis")]
    for kind, id, tags in rest + http:
        if tags.get(TAG) == ORIGIN and NAME in tags:
            shown = {"Kind": kind, "Stage": tags.get(STAGE, ""), "Document": tags.get(DOCUMENT, "")}
            yield Present(ResourceKey(IMPORTED_API, tags[NAME]), shown, api_arn(id, reach), ORIGIN)


def _create(name: str, members: Members, reach: Reach) -> str:
    stage = members["Stage"]
    if members["Kind"] == REST:
        id = reach.call(V1, "ImportRestApi", body=members["Body"].encode())["id"]
        _tag(id, name, members, reach)
        reach.call(V1, "CreateDeployment", restApiId=id, stageName=stage)
    else:
        id = reach.call(V2, "ImportApi", Body=members["Body"])["ApiId"]
        _tag(id, name, members, reach)
        reach.call(V2, "CreateStage", ApiId=id, StageName=stage, AutoDeploy=True)
    return api_arn(id, reach)


def _update(present: Present, members: Members, reach: Reach) -> str:
    """One of another kind, or at another stage, is another API."""
    if any(members[name] != present.shown[name] for name in ("Kind", "Stage")):
        _delete(present, reach)
        return _create(present.key.name, members, reach)
    id = api_id(present.identifier)
    if members["Kind"] == REST:
        reach.call(V1, "PutRestApi", restApiId=id, mode="overwrite", body=members["Body"].encode())
        reach.call(V1, "CreateDeployment", restApiId=id, stageName=members["Stage"])
    else:
        reach.call(V2, "ReimportApi", ApiId=id, Body=members["Body"])
    _tag(id, present.key.name, members, reach)
    return present.identifier


def _delete(present: Present, reach: Reach) -> None:
    id = api_id(present.identifier)
    if present.shown["Kind"] == REST:
        reach.find(V1, "DeleteRestApi", restApiId=id)
    else:
        reach.find(V2, "DeleteApi", ApiId=id)


def _tag(id: str, name: str, members: Members, reach: Reach) -> None:
    tags = {TAG: ORIGIN, NAME: name, DOCUMENT: members["Document"], STAGE: members["Stage"]}
    scope = reach.context.scope
    begin = f"arn:{scope.partition}:apigateway:{scope.region}::"
    if members["Kind"] == REST:
        reach.call(V1, "TagResource", resourceArn=f"{begin}/restapis/{id}", tags=tags)
    else:
        reach.call(V2, "TagResource", ResourceArn=f"{begin}/apis/{id}", Tags=tags)


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
