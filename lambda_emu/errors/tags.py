"""Tags that cannot be read or changed. Contract: api.md 1.3."""

from __future__ import annotations

from lambda_emu.errors.parameters import InvalidParameter
from lambda_emu.errors.resources import NotFound


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
