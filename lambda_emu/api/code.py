"""Where a function's code comes from: a zip in the request, kept by the store; and its layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.api.bodies import SpooledBlob
from lambda_emu.api.house import House
from lambda_emu.errors import CodeMissing, CodeTwice, NotBuiltYet
from lambda_emu.model.function import Artifact, LayerReference
from lambda_emu.model.layer_references import Find

FROM_S3 = ("S3Bucket", "S3Key", "S3ObjectVersion", "S3ObjectStorageMode")


def check_source(code: Mapping[str, Any]) -> None:
    """Raises CodeMissing, CodeTwice, or NotBuiltYet for S3 and images. code: FunctionCode or UpdateFunctionCode."""
    from_s3 = [member for member in FROM_S3 if member in code]
    if "ZipFile" in code:
        if from_s3 or "ImageUri" in code:
            raise CodeTwice
    elif from_s3:
        raise NotBuiltYet("Code from S3")
    elif "ImageUri" in code:
        raise NotBuiltYet("Code from an image")
    else:
        raise CodeMissing


def stored_code(house: House, zip_file: Any) -> Artifact:
    """Keep a ZipFile. Raises InvalidZip, ZippedTooLarge, UnzippedTooLarge."""
    return house.store.artifacts.add_zip(zip_file.path if isinstance(zip_file, SpooledBlob) else zip_file)


def layer_finder(house: House) -> Find:
    """Layer versions are known by the functions that mount them, until layers have operations of their own."""

    def find(arn: str) -> LayerReference | None:
        functions = house.store.functions.all(house.scope)
        mounted = (layer for function in functions for layer in function.latest.layers)
        return next((layer for layer in mounted if layer.arn == arn), None)

    return find
