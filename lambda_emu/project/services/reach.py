"""What a deployment may ask: the operations of other services, and Lambda's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from msgspec import Struct

from lambda_emu.api.context import RequestContext
from lambda_emu.api.operations import call
from lambda_emu.project.resources import CannotChange, Resource, ResourceKey
from lambda_emu.project.services.left import Left

ABSENT = frozenset(
    {"404", "NotFound", "NoSuchBucket", "ResourceNotFound", "ResourceNotFoundException", "NotFoundException"}
    | {"LoadBalancerNotFound", "ListenerNotFound", "TargetGroupNotFound", "RuleNotFound", "ParameterNotFound"}
    | {"StateMachineDoesNotExist", "ActivityDoesNotExist", "QueueDoesNotExist", "NoSuchEntity"}
    | {"AWS.SimpleQueueService.NonExistentQueue", "RepositoryNotFoundException", "UserNotFoundException"}
)


class _Absent(Exception):
    """What an operation is about is not there. text: what the service says."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Services(Protocol):
    """services.clients.Clients, or what is asked in its place."""

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, account: str, region: str
    ) -> dict[str, Any]: ...


def _go_on() -> None:
    """Nobody stops it."""


class Reach(Struct, frozen=True):
    """wanted: what is declared. left: by earlier deployments. context: of Lambda's operations.

    check: asked by whatever waits, now and then; raises CannotChange where nothing more is to be waited for.
    """

    context: RequestContext
    services: Services
    wanted: Mapping[ResourceKey, Resource]
    left: Left
    check: Callable[[], None] = _go_on

    def of(self, kind: str) -> Iterator[Resource]:
        """What is declared of a kind."""
        return (resource for key, resource in self.wanted.items() if key.kind == kind)

    def arn(self, service: str, name: str) -> str:
        scope = self.context.scope
        return scope.arn(name, service)

    def call(self, service: str, operation: str, **members: Any) -> dict[str, Any]:
        """CannotChange when the service refuses, or cannot be asked."""
        try:
            return self._ask(service, operation, members)
        except _Absent as error:
            raise CannotChange(error.text) from None

    def find(self, service: str, operation: str, **members: Any) -> dict[str, Any] | None:
        """The same; None where what it is about is not there."""
        try:
            return self._ask(service, operation, members)
        except _Absent:
            return None

    def _ask(self, service: str, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """CannotChange, _Absent."""
        from botocore.exceptions import BotoCoreError, ClientError  # here: it takes its time

        scope = self.context.scope
        try:
            return self.services.call(service, operation, members, account=scope.account, region=scope.region)
        except ClientError as error:
            said = error.response["Error"]
            text = f"{operation}: {said['Code']}: {said.get('Message', '')}"
            raise (_Absent if said["Code"] in ABSENT else CannotChange)(text) from error
        except (BotoCoreError, ConnectionError) as error:
            raise CannotChange(str(error)) from error

    def ask_lambda(self, operation: str, **members: Any) -> dict[str, Any]:
        """LambdaError."""
        self.context.permit(operation, members)
        return call(operation, members, self.context)
