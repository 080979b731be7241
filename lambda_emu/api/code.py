"""Where code comes from: a zip in the request or in S3, an image; and which layers a function may mount."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import version_for
from lambda_emu.api.wire.bodies import SpooledBlob
from lambda_emu.arn import FunctionId, Scope, parse_layer_arn
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.code import CodeMissing, CodeTwice
from lambda_emu.model.changes.settings import UNZIPPED_LIMIT_BYTES
from lambda_emu.model.function.function import Artifact, ContainerImage, FunctionVersion, LayerReference, S3Object
from lambda_emu.model.function.image_package import package_image
from lambda_emu.model.layers.references import Find
from lambda_emu.model.layers.refusals import LayerContentMissing, LayerContentTwice
from lambda_emu.model.quotas import LAYERS
from lambda_emu.public_layers.known import ANY_FUNCTION, ForFunction
from lambda_emu.store.code.folder_zip import UnusableFolder, is_source

__all__ = ["UnusableFolder", "check_layer_source", "check_source", "image_source", "keep", "layer_finder", "store_code"]

FROM_S3 = ("S3Bucket", "S3Key", "S3ObjectVersion", "S3ObjectStorageMode")


def check_source(code: Mapping[str, Any]) -> None:
    """Raises CodeMissing or CodeTwice. code: FunctionCode or UpdateFunctionCode of a function made of a zip."""
    if "ImageUri" in code:
        raise CodeTwice if "ZipFile" in code else CodeMissing
    _check_source(code, CodeMissing(), CodeTwice())


def check_layer_source(content: Mapping[str, Any]) -> None:
    """Raises LayerContentMissing or LayerContentTwice. content: LayerVersionContentInput."""
    _check_source(content, LayerContentMissing(), LayerContentTwice())


def _check_source(code: Mapping[str, Any], missing: LambdaError, twice: LambdaError) -> None:
    if "ZipFile" in code:
        if any(member in code for member in FROM_S3):
            raise twice
    elif "S3Bucket" not in code or "S3Key" not in code:
        raise missing


def store_code(context: RequestContext, code: Mapping[str, Any], scope: Scope) -> Artifact:
    """Keep the zip of a checked source; the zip of an S3 object may be larger than one in a request.

    scope: of what it is for. Raises the errors of `keep`, and those of S3.
    """
    if "ZipFile" in code:
        return keep(context, code["ZipFile"])
    wanted = S3Object(code["S3Bucket"], code["S3Key"], code.get("S3ObjectVersion"))
    with context.s3.fetch(wanted, scope, UNZIPPED_LIMIT_BYTES) as (path, found):
        artifact = context.store.artifacts.add_zip(path, UNZIPPED_LIMIT_BYTES, given_away=True)
    return replace(artifact, reference=found) if code.get("S3ObjectStorageMode") == "REFERENCE" else artifact


def keep(context: RequestContext, code: bytes | SpooledBlob | Path | Artifact) -> Artifact:
    """Keep a zip, or a folder or a file of code as one; what is kept already is left as it is.

    Raises InvalidZip, ZippedTooLarge, UnzippedTooLarge; UnusableFolder and OSError for what a path names.
    """
    artifacts = context.store.artifacts
    match code:
        case Artifact():
            return code
        case SpooledBlob(path=path):
            return artifacts.add_zip(path, given_away=True)
        case Path() if code.is_dir() or is_source(code):
            return artifacts.add_folder(code)
    return artifacts.add_zip(code)


def layers_ahead(context: RequestContext, version: FunctionVersion, wanted: Mapping[str, Any]) -> Find:
    """The same, for an update: what has to be fetched is fetched now, before anybody waits for the record.

    wanted: the members of UpdateFunctionConfiguration.
    """
    runtime, region = wanted.get("Runtime", version.runtime), version.id.region
    find = layer_finder(context, version.id.scope, ForFunction(runtime, version.architecture))
    mounted = {layer.arn for layer in version.layers}
    there = [arn for arn in wanted.get("Layers", ())[:LAYERS] if arn not in mounted and arn.split(":")[3] == region]
    found: dict[str, LayerReference | LambdaError | None] = {}
    for arn in there:
        try:
            found[arn] = find(arn)
        except LambdaError as error:
            found[arn] = error

    def find_again(arn: str) -> LayerReference | None:
        outcome = found[arn] if arn in found else find(arn)
        if isinstance(outcome, LambdaError):
            raise outcome
        return outcome

    return find_again


def layer_finder(context: RequestContext, scope: Scope, function: ForFunction = ANY_FUNCTION) -> Find:
    """What layer versions a function of this account may mount; LayerNotShared for those it may not.

    function: as it will be. LayerVersionUnknown for what cannot be fetched, which may take a while.
    """

    def find(arn: str) -> LayerReference | None:
        try:
            id, number = parse_layer_arn(arn)
        except ValueError:  # `awslayer`, which is not here
            return None
        assert number is not None
        version = version_for(context, scope, id, number, function)
        return None if version is None else LayerReference(id.arn(number), version.content)

    return find


def image_source(context: RequestContext, uri: str, architecture: str, id: FunctionId) -> ContainerImage:
    """What a version has as its code, with the digest where the engine knows the image already. ImageNotShared."""
    return package_image(uri, context.find_image(uri, architecture, id))
