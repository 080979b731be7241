"""Layers: publish, read, list, delete versions. docs/contract/api.md#layers; who may use them on functions: code.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_emu.api import artifacts
from lambda_emu.api.code import check_layer_source, store_code
from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import layer_id, own_layer, version_for
from lambda_emu.api.operations import Result, operation
from lambda_emu.api.paging import cut_page
from lambda_emu.arn import LayerId, parse_layer_arn
from lambda_emu.errors.resources import ResourceMissing
from lambda_emu.model.layers.layer import Layer, LayerVersion
from lambda_emu.model.layers.refusals import LayerVersionBelowOne
from lambda_emu.model.quotas import PAGE
from lambda_emu.model.timestamps import last_modified
from lambda_emu.store.transaction import Transaction

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        DeleteLayerVersionRequestTypeDef,
        GetLayerVersionByArnRequestTypeDef,
        GetLayerVersionRequestTypeDef,
        ListLayersRequestTypeDef,
        ListLayerVersionsRequestTypeDef,
        PublishLayerVersionRequestTypeDef,
    )


@operation("PublishLayerVersion")
def publish_layer_version(req: PublishLayerVersionRequestTypeDef, context: RequestContext) -> Result:
    id = own_layer(context, req["LayerName"], "lambda:PublishLayerVersion")
    check_layer_source(req["Content"])
    wanted = LayerVersion(
        number=0,
        content=store_code(context, req["Content"], id.scope),
        created=last_modified(context.clock.now_s()),
        description=req.get("Description"),
        runtimes=tuple(req["CompatibleRuntimes"]) if "CompatibleRuntimes" in req else None,
        architectures=tuple(req["CompatibleArchitectures"]) if "CompatibleArchitectures" in req else None,
        license=req.get("LicenseInfo"),
        origin=context.origin,
    )

    def publish(transaction: Transaction) -> LayerVersion:
        layer = (transaction.get(context.store.layers, id.scope, id.name) or Layer(id.name)).with_version(wanted)
        transaction.put(context.store.layers, id.scope, id.name, layer)
        return layer.versions[layer.last_version]

    return _show(context, id, context.store.write(publish))


@operation("GetLayerVersion")
def get_layer_version(req: GetLayerVersionRequestTypeDef, context: RequestContext) -> Result:
    _check_number(req["VersionNumber"])
    return _show_of_account(context, layer_id(context, req["LayerName"]), req["VersionNumber"])


@operation("GetLayerVersionByArn")
def get_layer_version_by_arn(req: GetLayerVersionByArnRequestTypeDef, context: RequestContext) -> Result:
    """AWS's own layers (`awslayer`) are not here."""
    try:
        id, number = parse_layer_arn(req["Arn"])
    except ValueError:
        raise ResourceMissing from None
    assert number is not None
    _check_number(number)
    return _show_of_account(context, layer_id(context, id.arn()), number)


@operation("ListLayers")
def list_layers(req: ListLayersRequestTypeDef, context: RequestContext) -> Result:
    """Each with the newest of the versions that fit; layers without one are left out."""
    runtime, architecture = req.get("CompatibleRuntime"), req.get("CompatibleArchitecture")
    fitting = [
        (LayerId(context.scope, layer.name), version)
        for layer in context.store.layers.all(context.scope)
        if (version := next(layer.fitting(runtime, architecture), None)) is not None
    ]
    size = req.get("MaxItems", PAGE)
    shown, marker = cut_page(fitting, lambda item: item[0].name, req.get("Marker"), size)
    return {
        "Layers": [
            {"LayerName": id.name, "LayerArn": id.arn(), "LatestMatchingVersion": _show_briefly(id, version)}
            for id, version in shown
        ],
        "NextMarker": marker,
    }


@operation("ListLayerVersions")
def list_layer_versions(req: ListLayerVersionsRequestTypeDef, context: RequestContext) -> Result:
    """Newest first. Of a layer that does not exist there are none."""
    id = own_layer(context, req["LayerName"], "lambda:ListLayerVersions")
    layer = context.store.layers.get(id.scope, id.name) or Layer(id.name)
    fitting = list(layer.fitting(req.get("CompatibleRuntime"), req.get("CompatibleArchitecture")))
    shown, marker = cut_page(fitting, _newest_first, req.get("Marker"), req.get("MaxItems", PAGE))
    return {"LayerVersions": [_show_briefly(id, version) for version in shown], "NextMarker": marker}


@operation("DeleteLayerVersion")
def delete_layer_version(req: DeleteLayerVersionRequestTypeDef, context: RequestContext) -> Result:
    """What does not exist is deleted too. Functions that mount the version keep it."""
    id, number = own_layer(context, req["LayerName"], "lambda:DeleteLayerVersion"), req["VersionNumber"]
    _check_number(number)

    def delete(transaction: Transaction) -> None:
        layer = transaction.get(context.store.layers, id.scope, id.name)
        if layer is not None and number in layer.versions:
            transaction.put(context.store.layers, id.scope, id.name, layer.without_version(number))

    context.store.write(delete)
    return {}


def _check_number(number: int) -> None:
    if number < 1:
        raise LayerVersionBelowOne


def _show_of_account(context: RequestContext, id: LayerId, number: int) -> Result:
    version = version_for(context, context.scope if not context.anonymous else id.scope, id, number)
    if version is None:
        raise ResourceMissing
    return _show(context, id, version)


def _show(context: RequestContext, id: LayerId, version: LayerVersion) -> Result:
    content = version.content
    return {
        **_show_briefly(id, version),
        "Description": version.description or "",
        "LayerArn": id.arn(),
        "Content": {
            "Location": artifacts.location(context.base_url, content.sha256),
            "CodeSha256": content.sha256,
            "CodeSize": content.size,
            "ResolvedS3Object": artifacts.resolved_object(content),
        },
    }


def _show_briefly(id: LayerId, version: LayerVersion) -> Result:
    return {
        "LayerVersionArn": id.arn(version.number),
        "Version": version.number,
        "Description": version.description,
        "CreatedDate": version.created,
        "CompatibleRuntimes": version.runtimes,
        "CompatibleArchitectures": version.architectures,
        "LicenseInfo": version.license,
    }


def _newest_first(version: LayerVersion) -> str:
    """A key by which versions sort from the newest to the oldest."""
    return f"{10**12 - version.number:012}"
