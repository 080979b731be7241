"""Layers and their versions. docs/contract/api.md#layers; what it has no words for is said in ours."""

from __future__ import annotations

from lambda_emu.errors.base import InvalidParameter
from lambda_emu.errors.resources import AccessDenied, NotFound


class LayerVersionBelowOne(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Layer Version Cannot be less than 1")


class LayerNotShared(AccessDenied):
    """A layer of another account. action: `lambda:` and the operation. AWS names the caller; we know its account."""

    def __init__(self, caller_arn: str, action: str, layer_arn: str) -> None:
        super().__init__(
            f"User: {caller_arn} is not authorized to perform: {action} on resource: {layer_arn} "
            f"because no resource-based policy allows the {action} action"
        )


class LayerRegionUnreachable(NotFound):
    """As RegionUnreachable says it of functions. AWS's text is not recorded."""

    def __init__(self, region: str, here: str) -> None:
        super().__init__(f"Layers from '{region}' are not reachable in this region ('{here}')")


class LayerContentMissing(InvalidParameter):
    """AWS's text is not recorded."""

    def __init__(self) -> None:
        super().__init__("Please provide a source for layer content.")


class LayerContentTwice(InvalidParameter):
    """As CodeTwice says it of functions. AWS's text is not recorded."""

    def __init__(self) -> None:
        super().__init__("Please do not provide other LayerVersionContent parameters when providing a ZipFile.")


class TooManyLayers(InvalidParameter):
    def __init__(self, limit: int = 5) -> None:
        super().__init__(f"Cannot reference more than {limit} layers.")


class LayerVersionUnknown(InvalidParameter):
    """On attaching to a function; the layer's own operations answer 404."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Layer version {arn} does not exist.")


class LayerTwice(InvalidParameter):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(
            "Two different versions of the same layer are not allowed to be referenced in the same function. "
            f"{first} and {second} are versions of the same layer."
        )


class LayerOfOtherRegion(InvalidParameter):
    def __init__(self, region: str) -> None:
        super().__init__(
            f"Layers are not in the same region as the function. Layers are expected to be in region {region}."
        )
