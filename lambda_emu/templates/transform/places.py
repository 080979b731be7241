"""Where code is that a template of SAM says no place of, as `sam build` has it; put in before it is expanded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FUNCTION = "AWS::Serverless::Function"
BY_DEFAULT = {FUNCTION: "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
"""What is the template's folder where nothing is said, for `aws cloudformation package` too."""
HOW_BUILT = ("Dockerfile", "DockerContext", "DockerTag")
"""Of Metadata: an image that `sam build` makes."""


def say_places(resources: Mapping[str, Any], shared: Any) -> None:
    """Put them in. shared: the Globals, or what stands in their place."""
    of_functions = shared.get("Function") if isinstance(shared, dict) else None
    for logical_id, resource in resources.items():
        properties = resource.get("Properties") if isinstance(resource, dict) else None
        if not isinstance(properties, dict):
            continue
        member = BY_DEFAULT.get(str(resource.get("Type")))
        is_function = member == BY_DEFAULT[FUNCTION]
        said = {**of_functions, **properties} if is_function and isinstance(of_functions, dict) else properties
        if is_function and said.get("PackageType") == "Image":
            if "ImageUri" not in said and (uri := _built_image(logical_id, resource.get("Metadata"))) is not None:
                properties["ImageUri"] = uri
        elif member is not None and not any(name in said for name in (member, "InlineCode", "ImageUri")):
            properties[member] = "."


def _built_image(logical_id: str, metadata: Any) -> str | None:
    """The name that `sam build` gives to the image it makes."""
    if not isinstance(metadata, dict) or not any(name in metadata for name in HOW_BUILT):
        return None
    return f"{logical_id.lower()}:{metadata.get('DockerTag') or 'latest'}"
