"""Versions: publish and list. docs/contract/api.md#versions-and-aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_emu.api.configuration import show_configuration, show_settings
from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import look_up_function, update_function
from lambda_emu.api.operations import Result, operation
from lambda_emu.api.paging import cut_page
from lambda_emu.model import quotas
from lambda_emu.model.capacity import managed_instances
from lambda_emu.model.changes.publishing import check_publishable, publish
from lambda_emu.model.changes.updates import CREATING, DONE, is_settled
from lambda_emu.model.function.function import Function, FunctionVersion
from lambda_emu.model.timestamps import last_modified

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        ListVersionsByFunctionRequestTypeDef,
        PublishVersionRequestTypeDef,
    )


@operation("PublishVersion")
def publish_version(req: PublishVersionRequestTypeDef, context: RequestContext) -> Result:
    """On Managed Instances a new version is Pending at first."""
    id = context.target(req["FunctionName"]).id
    versions: list[FunctionVersion] = []

    def edit(function: Function) -> Function:
        managed_instances.check_members(req, function.latest.other)
        context.changes.check(id)
        check_publishable(function, req.get("RevisionId"), req.get("CodeSha256"))
        after, version = publish(
            function,
            new_id=context.clock.new_id,
            modified=last_modified(context.clock.now_s()),
            description=req.get("Description"),
            progress=CREATING if managed_instances.on_instances(function.latest.other) else DONE,
            to=req.get("PublishTo"),
        )
        versions.append(version)
        return after

    update_function(context, id, edit)
    version = versions[-1]
    if not is_settled(version):
        context.activator.activate(id)
    return show_configuration(version, id.arn(version.version), context.runtimes)


@operation("ListVersionsByFunction")
def list_versions_by_function(req: ListVersionsByFunctionRequestTypeDef, context: RequestContext) -> Result:
    """$LATEST first, then $LATEST.PUBLISHED, then ascending."""
    id = context.target(req["FunctionName"]).id
    size = min(req.get("MaxItems", quotas.FUNCTIONS_PER_PAGE), quotas.FUNCTIONS_PER_PAGE)
    versions, marker = cut_page(all_versions(look_up_function(context, id)), number_to_sort_by, req.get("Marker"), size)
    return {
        "Versions": [show_settings(version, id.arn(version.version)) for version in versions],
        "NextMarker": marker,
    }


def all_versions(function: Function) -> list[FunctionVersion]:
    """$LATEST, then the published ones, ascending."""
    return [function.latest, *function.published_versions()]


def number_to_sort_by(version: FunctionVersion) -> str:
    """What versions of a function are sorted by."""
    return f"{int(version.version):010}" if version.version.isdigit() else f"{0:010}{version.version}"
