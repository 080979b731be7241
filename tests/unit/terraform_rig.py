"""A resource of Terraform as calls of the API, and `terraform apply` as the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api_rig import Api
from botocore.exceptions import ClientError
from mapping_rig import HandClock

from lambda_emu.model.concurrency.provisioned import Readiness

Members = Mapping[str, Any]
Call = tuple[str, Members]

SENT_ONLY = {"Code", "Content", "ZipFile", "Publish"}
POLLS = 5


@dataclass(frozen=True)
class Resource:
    """The calls of one resource, and all that it asks when it reads.

    key: what names it in every call; named: what does so once it is created, of that call's answer.
    read: gives the attributes by the names they were sent with. settled: whether the provider stops asking.
    update: calls that change it in place; without any, it is replaced. missing: the code of one that is not there.
    """

    key: Members
    create: Sequence[Call]
    update: Sequence[Call]
    delete: Call
    read: Callable[[Any, Members], Members]
    settled: Callable[[Members], bool] = lambda _: True
    named: Callable[[Any], Members] | None = None
    missing: str = "ResourceNotFoundException"


class Applied:
    """One resource in one account, as `terraform apply` brings it there."""

    def __init__(self, api: Api, clock: HandClock, resource: Resource) -> None:
        self._api = api
        self._clock = clock
        self._resource = resource
        self._key = resource.key

    def create(self) -> Members:
        """Returns what was sent of what can be read."""
        self._key = self._resource.key
        return self.perform(self._resource.create)

    def update(self) -> Members:
        return self.perform(self._resource.update)

    def perform(self, calls: Sequence[Call]) -> Members:
        """Make these calls, and after each ask until the resource has settled."""
        sent: dict[str, Any] = {}
        for method, members in calls:
            answer = getattr(self._api.client, method)(**{**self._key, **members})
            if self._key is self._resource.key and self._resource.named is not None:
                self._key = self._resource.named(answer)
            sent |= members
            assert any(self._resource.settled(self.read()) for _ in self._polls()), f"{method} does not settle"
        return {name: value for name, value in sent.items() if name not in SENT_ONLY}

    def read(self) -> Members:
        return self._resource.read(self._api.client, self._key)

    def delete(self) -> None:
        """And ask until it is no longer found."""
        method, members = self._resource.delete
        getattr(self._api.client, method)(**{**self._key, **members})
        assert any(self.is_gone() for _ in self._polls()), f"{method} does not end"

    def is_gone(self) -> bool:
        try:
            self.read()
        except ClientError as error:
            return bool(error.response["Error"]["Code"] == self._resource.missing)
        return False

    def _polls(self) -> Iterator[int]:
        """Between one poll and the next, what is on its way arrives."""
        for poll in range(POLLS):
            yield poll
            self._api.activations.finish()
            self._clock.arrive()
            self._api.activations.readiness = Readiness(ready=100, init_failed=False)


def drift(sent: Any, found: Any) -> Any:
    """What differs; None when all that was sent is there. Members that were not sent may have any value."""
    if not isinstance(sent, Mapping):
        return None if sent == found else (sent, found)
    members = {name: drift(value, (found or {}).get(name)) for name, value in sent.items()}
    return {name: value for name, value in members.items() if value} or None
