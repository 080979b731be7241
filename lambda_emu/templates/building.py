"""What of a template's code is not whole as it lies, built; the stack then names what was built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from lambda_emu.builds.builder import Builder
from lambda_emu.builds.source import BuildFailed, BuiltImage, ImageSource, Source
from lambda_emu.project.declarations import ProjectError
from lambda_emu.templates.found import BUILT
from lambda_emu.templates.kinds.functions import FUNCTION, LAYER_VERSION
from lambda_emu.templates.language.document import Place
from lambda_emu.templates.language.intrinsics import not_yet
from lambda_emu.templates.stack import CODE, Stack
from lambda_emu.templates.transform.sam import HERE, local_path

ARM64, IMAGE = "arm64", "Image"
HOW_BUILT = ("Dockerfile", "DockerContext")
"""Of Metadata: one of them is there where `sam build` makes the image."""


def sources(stack: Stack) -> Iterator[tuple[str, Source | ImageSource]]:
    """The folders of code and images that it names, each with the logical id of what has it.

    None of what `sam build` made.
    """
    if stack.template.file.absolute().parent.parts[-2:] == BUILT.parts[:-1]:
        return
    resolver = stack.resolver(not_yet)
    for logical_id, resource in stack.template.section("Resources").items():
        if resource["Type"] not in CODE or not stack.is_wanted(logical_id):
            continue
        place: Place = ("Resources", logical_id, "Properties")
        properties = resolver.value(resource.get("Properties") or {}, place)
        is_image = properties.get("PackageType") == IMAGE
        found = (_image_source if is_image else _source)(stack, logical_id, resource, properties)
        if found is not None:
            yield logical_id, found


def built(stack: Stack, builder: Builder) -> Stack:
    """The same stack, with code that was built for its functions and layers. Blocks. ProjectError, a line for each."""
    asked = [*sources(stack)]
    done = builder.build([source for _, source in asked])
    mistakes, resources = [], dict(stack.template.section("Resources"))
    for (logical_id, _), one in zip(asked, done, strict=True):
        member = CODE[resources[logical_id]["Type"]]
        if isinstance(one, BuildFailed):
            mistakes.append(f"{stack.template.where(('Resources', logical_id, 'Properties', member))}: {one}")
        elif one is not None:
            resources[logical_id] = _with_code(resources[logical_id], member, one)
    if mistakes:
        raise ProjectError(mistakes)
    return replace(stack, template=replace(stack.template, body={**stack.template.body, "Resources": resources}))


def _image_source(
    stack: Stack, logical_id: str, resource: Mapping[str, Any], properties: Mapping[str, Any]
) -> ImageSource | None:
    """None where nothing says how it is built, or it is not to be: an image that is named is there, or is pulled."""
    metadata = _metadata(resource)
    if metadata.get("SkipBuild") is True or not any(name in metadata for name in HOW_BUILT):
        return None
    context = stack.template.file.absolute().parent / str(metadata.get("DockerContext", "."))
    arguments, target = metadata.get("DockerBuildArgs"), metadata.get("DockerBuildTarget")
    return ImageSource(
        _name(metadata, logical_id),
        context.resolve(),
        str(metadata.get("Dockerfile", "Dockerfile")),
        {str(name): str(value) for name, value in arguments.items()} if isinstance(arguments, dict) else {},
        None if target is None else str(target),
        _architecture(properties.get("Architectures")),
    )


def _source(stack: Stack, logical_id: str, resource: Mapping[str, Any], properties: Mapping[str, Any]) -> Source | None:
    """None where its code is no folder here, or is not to be built."""
    metadata = _metadata(resource)
    code = properties.get(CODE[resource["Type"]])
    path = code if isinstance(code, str) and not code.startswith("s3://") else local_path(code)
    folder = None if path is None else stack.template.file.absolute().parent / path
    is_layer, method = resource["Type"] == LAYER_VERSION, metadata.get("BuildMethod")
    if folder is None or not folder.is_dir() or metadata.get("SkipBuild") is True or (is_layer and method is None):
        return None
    runtimes, architectures = properties.get("CompatibleRuntimes"), metadata.get("BuildArchitecture")
    if resource["Type"] == FUNCTION:
        runtimes, architectures = properties.get("Runtime"), properties.get("Architectures")
    elif isinstance(method, str) and method[-1:].isdigit():
        runtimes = method
    options = metadata.get("BuildProperties")
    return Source(
        _name(metadata, logical_id),
        folder,
        _first(runtimes),
        _architecture(architectures),
        str(properties.get("Handler") or ""),
        None if method is None else str(method),
        options if isinstance(options, dict) else {},
        is_layer,
    )


def _metadata(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    said = resource.get("Metadata")
    return said if isinstance(said, dict) else {}


def _name(metadata: Mapping[str, Any], logical_id: str) -> str:
    return str(metadata.get("SamResourceId") or logical_id)


def _architecture(said: Any) -> str:
    return ARM64 if _first(said) == ARM64 else "x86_64"


def _first(said: Any) -> str:
    """Of a list, or what stands alone."""
    return str((said[0] if said else "") if isinstance(said, list) else said or "")


def _with_code(resource: Mapping[str, Any], member: str, done: Path | BuiltImage) -> dict[str, Any]:
    placed = (
        {"S3Bucket": HERE, "S3Key": quote(str(done), safe="")} if isinstance(done, Path) else {"ImageUri": done.name}
    )
    return {**resource, "Properties": {**resource["Properties"], member: placed}}
