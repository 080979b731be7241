"""Tags of a resource: how many there may be, and what changing a function's does to it.

docs/contract/api.md#states, #tags.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from msgspec.structs import replace

from lambda_emu.errors.base import InvalidParameter
from lambda_emu.errors.resources import NotFound, UpdateInProgress
from lambda_emu.model.function.function import Function, UpdateStatus
from lambda_emu.model.quotas import TAGS

Tags = Mapping[str, str]


def new_tags(wanted: Tags) -> Tags:
    """Of a resource that is created. Raises TooManyTags."""
    return merge_tags({}, wanted)


def merge_tags(before: Tags, wanted: Tags) -> Tags:
    """With the wanted ones set. Raises TooManyTags."""
    after = {**before, **wanted}
    if len(after) > TAGS:
        raise TooManyTags
    return MappingProxyType(after)


def remove_tags(before: Tags, keys: Collection[str]) -> Tags:
    """Keys that are not there do no harm."""
    return MappingProxyType({key: value for key, value in before.items() if key not in keys})


def check_taggable(function: Function) -> None:
    """Raises UpdateInProgress: tagging would renew the revision under the update."""
    if function.latest.progress.update is UpdateStatus.IN_PROGRESS:
        raise UpdateInProgress(function.id.arn())


def set_tags(function: Function, tags: Tags, revision_id: str) -> Function:
    """The function with these tags, and of another revision, though its code and configuration stay."""
    latest = replace(function.latest, revision_id=revision_id)
    running = latest if function.running == function.latest else function.running
    return replace(function, tags=tags, latest=latest, running=running)


class NoTags(InvalidParameter):
    """TagResource with an empty map; AWS says no more."""

    def __init__(self) -> None:
        super().__init__("An error occurred and the request cannot be processed.")


class PartUntaggable(InvalidParameter):
    """A version, an alias or $LATEST."""

    def __init__(self) -> None:
        super().__init__("Tags on function aliases and versions are not supported. Please specify a function ARN.")


class LayerUntaggable(InvalidParameter):
    """AWS's pattern lets a layer pass; what it then says is not recorded."""

    def __init__(self) -> None:
        super().__init__("Tags on layers are not supported.")


class TaggedMappingNotFound(NotFound):
    """Of the tag operations; the mapping's own operations have another text."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Event source mapping not found: {arn}")


class NetworkConnectorNotFound(NotFound):
    """The model lets its ARNs pass, but there are none here. AWS's text is not recorded."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Network connector not found: {arn}")


class TooManyTags(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Number of tags exceeds resource tag limit.")
