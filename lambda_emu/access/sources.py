"""Where policies come from: of callers, from the services' process; of resources, from whoever keeps them.

What the process said holds until a request passes that may have changed it.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from msgspec import Struct

from lambda_emu.arn import service_in
from lambda_emu.model.caller import Caller, CallerKind
from lambda_emu.model.iam.evaluation import Held, Policy

MOST_KEPT = 2048
NOBODY = Held()
FROM_PROCESS = ("dynamodb", "ecr", "iam", "s3", "secretsmanager", "sns")
"""Services whose resources the process keeps, with their policies."""


class Facts(Protocol):
    """The services' process. knows_any: whether it runs, or ran before: else there is nothing to ask about."""

    @property
    def knows_any(self) -> bool: ...

    async def ask(self, fact: str, about: str) -> Any: ...


class Functions(Protocol):
    """Of store.table.Table."""

    @property
    def as_committed(self) -> object: ...


class Principal(Struct, frozen=True):
    """What IAM here has of a caller. tags: of the user or role. exists: there is such a user or role at all."""

    held: Held = NOBODY
    tags: Mapping[str, str] = {}
    exists: bool = True


class Resource(Struct, frozen=True):
    """owner: the account that has it; None: nobody has it. arn: the whole one of what was asked for by its name.

    policy: its own; None: it has none. keys: the partition keys of a table's indexes by their names, and its own.
    """

    owner: str | None = None
    policy: Policy | None = None
    arn: str | None = None
    keys: Mapping[str, str] = {}


UNKNOWN = Principal(exists=False)
NO_RESOURCE = Resource()
OwnPolicy = Callable[[str], "str | None"]
"""The policy of what has this ARN, as its service here keeps it."""


class PolicySources:
    """On the loop. own: services of ours whose resources have policies."""

    def __init__(self, facts: Facts, own: Mapping[str, OwnPolicy], functions: Functions) -> None:
        self.functions = functions
        self._facts = facts
        self._own = own
        self._principals: dict[str, Principal] = {}
        self._resources: dict[str, Resource] = {}
        self.version = 0
        """Grows whenever what was known may be no more."""

    def forget_principals(self) -> None:
        self._principals.clear()
        self.version += 1

    def forget_resources(self) -> None:
        self._resources.clear()
        self.version += 1

    def known_principal(self, caller: Caller) -> Principal | None:
        """None: `principal` finds out."""
        if caller.kind is CallerKind.FEDERATED:  # who gave it away is not known, and gave no more than that
            return Principal(Held(tuple(Policy("session policy", text) for text in caller.policies)))
        if caller.kind not in (CallerKind.USER, CallerKind.SESSION):
            return Principal()
        if not self._facts.knows_any:
            return UNKNOWN
        return self._principals.get(caller.principal_arn)

    async def principal(self, caller: Caller) -> Principal:
        """LambdaError where the process does not answer."""
        found = self.known_principal(caller)
        if found is not None:
            return found
        version = self.version
        told = await self._facts.ask("held-policies", _written(caller.principal_arn))
        found = UNKNOWN if told is None else _principal(told)
        if version == self.version:
            _keep(self._principals, caller.principal_arn, found)
        return found

    def known_resource(self, arn: str) -> Resource | None:
        """None: `resource` finds out. arn: or `*`."""
        service = service_in(arn) if arn.count(":") >= 5 else ""
        own = self._own.get(service)
        if own is not None:
            policy = own(arn)
            return Resource(arn.split(":", 5)[4], None if not policy else Policy(arn, policy))
        if service not in FROM_PROCESS or not self._facts.knows_any:
            return NO_RESOURCE
        return self._resources.get(_place(service, arn))

    @property
    def knows_any(self) -> bool:
        """Whether there is anybody to ask of principals."""
        return self._facts.knows_any

    def look_at(self, arn: str) -> Callable[[], object]:
        """Costs little: what it says is the same object as long as a resource's policy, or the version, is the same."""
        service = service_in(arn) if arn.count(":") >= 5 else ""
        if service == "lambda":
            return partial(getattr, self.functions, "as_committed")
        own = self._own.get(service)
        return partial(getattr, self._facts, "knows_any") if own is None else partial(own, arn)

    async def resource(self, arn: str) -> Resource:
        """As `principal`."""
        found = self.known_resource(arn)
        if found is not None:
            return found
        place, version = _place(service_in(arn), arn), self.version
        told = await self._facts.ask(f"{service_in(arn)}-policy", _written(place))
        found = NO_RESOURCE if told is None else _resource(told)
        if version == self.version:
            _keep(self._resources, place, found)
        return found


def _place(service: str, arn: str) -> str:
    """What has the policy: the bucket of an object, the table of an index or stream."""
    if service == "s3":
        return arn.partition("/")[0]
    return "/".join(arn.split("/")[:2]) if service == "dynamodb" else arn


def _principal(told: Mapping[str, Any]) -> Principal:
    identity = tuple(Policy(name, text) for name, text in told["identity"])
    boundary = None if told["boundary"] is None else Policy(*told["boundary"])
    return Principal(Held(identity, boundary), told["tags"])


def _resource(told: Mapping[str, Any]) -> Resource:
    policy = None if told["policy"] is None else Policy(told["arn"], told["policy"])
    return Resource(told["owner"], policy, told["arn"], told.get("keys", {}))


def _written(text: str) -> str:
    """As questions to the process are."""
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _keep(kept: dict[str, Any], key: str, value: Any) -> None:
    """Strangers choose keys: what is kept is bounded."""
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[key] = value
