"""What an operation is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.deploying import Deployer

Result = Mapping[str, Any]


class StackRequest(Struct, frozen=True):
    """members: of the request, which keep to botocore's model. context: of its caller."""

    members: Mapping[str, Any]
    context: RequestContext
    deployer: Deployer

    def get(self, name: str, default: Any = None) -> Any:
        return self.members.get(name, default)


Operation = Callable[[StackRequest], Result]
