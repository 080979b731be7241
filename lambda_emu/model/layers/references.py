"""Which layer versions one function may mount together. docs/contract/api.md#layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lambda_emu.model.function.function import FunctionVersion, LayerReference
from lambda_emu.model.layers.refusals import LayerOfOtherRegion, LayerTwice, LayerVersionUnknown, TooManyLayers
from lambda_emu.model.quotas import LAYERS

Find = Callable[[str], LayerReference | None]


def find_layers(arns: Sequence[str], version: FunctionVersion, find: Find) -> tuple[LayerReference, ...]:
    """The layers of these ARNs, in order. find: what an ARN stands for, None if nothing.

    What `version` mounts already it keeps, even if it was deleted since: not recorded, and all that AWS promises is
    that functions go on with it. Raises TooManyLayers, LayerOfOtherRegion, LayerVersionUnknown, LayerTwice, and what
    `find` raises.
    """
    if len(arns) > LAYERS:
        raise TooManyLayers(LAYERS)
    mounted = {layer.arn: layer for layer in version.layers}

    def kept_or_found(arn: str) -> LayerReference | None:
        return mounted.get(arn) or find(arn)

    check_regions(arns, version.id.region)
    return tuple(_one(arn, arns[:place], kept_or_found) for place, arn in enumerate(arns))


def check_regions(arns: Iterable[str], region: str) -> None:
    """LayerOfOtherRegion for a layer that lies elsewhere. AWS's own layers name no region."""
    if any(arn.split(":")[3] not in (region, "") for arn in arns):
        raise LayerOfOtherRegion(region)


def _one(arn: str, earlier: Sequence[str], find: Find) -> LayerReference:
    found = find(arn)
    if found is None:
        raise LayerVersionUnknown(arn)
    for other in earlier:
        if _layer(other) == _layer(arn):
            raise LayerTwice(other, arn)
    return found


def _layer(version_arn: str) -> str:
    return version_arn.rpartition(":")[0]
