"""Layers and their versions. Contract: api.md 1.3; what it has no words for is said in ours."""

from __future__ import annotations

from lambda_emu.errors.parameters import InvalidParameter
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
