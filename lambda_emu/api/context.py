"""The rooms a handler may ask: everything it is given besides the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct, field

from lambda_emu.api.recent_changes import RecentChanges
from lambda_emu.api.s3 import S3
from lambda_emu.arn import FunctionId, Scope, Target
from lambda_emu.clock import Clock
from lambda_emu.environment.invocation import Reply
from lambda_emu.invoke.request import InvokeRequest
from lambda_emu.model.concurrency.provisioned import Readiness
from lambda_emu.model.function.function import Artifact
from lambda_emu.model.function.image_package import FoundImage
from lambda_emu.model.function.names import resolve
from lambda_emu.model.function.without_effect import Here
from lambda_emu.model.iam.late_role import LateRole
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.model.quotas import CONCURRENT_EXECUTIONS
from lambda_emu.notices import Notices
from lambda_emu.public_layers.known import ForFunction
from lambda_emu.runtimes import Catalogue
from lambda_emu.services.response_urls import ResponseUrls
from lambda_emu.store import Store


class Invoker(Protocol):
    """Runs functions, or keeps events for them."""

    def invoke(self, request: InvokeRequest, reply: Reply) -> None:
        """On the loop. The reply is told what came of it, and why nothing did."""


class Activator(Protocol):
    """Makes a function ready to run after it was created or updated."""

    def activate(self, id: FunctionId) -> None:
        """Begin it, and return at once; the function becomes Active, or its update Successful, in the background."""

    def why_not(self, id: FunctionId) -> str | None:
        """Why it could not be made ready, though it may be Active; None: it was, or nobody has tried."""


class FindImage(Protocol):
    """What the engine has under the name of an image, at once; None if nothing, or if it does not say in time.

    function: of which it is to be. ImageNotShared.
    """

    def __call__(self, uri: str, architecture: str, function: FunctionId) -> FoundImage | None: ...


class FindLayer(Protocol):
    """What stands for a layer version that somebody else published; None: nothing. LayerVersionUnknown."""

    def __call__(self, arn: str, function: ForFunction) -> Artifact | None: ...


class KeepRole(Protocol):
    """Have a role be there without asking IAM; False: IAM is to be asked."""

    def __call__(self, scope: Scope, role: LateRole, /) -> bool: ...


class EventSources(Protocol):
    """What polls for event source mappings."""

    def check(self, mapping: EventSourceMapping, timeout_s: int) -> None:
        """Raise what AWS answers if there is no such source, or it does not suit a function of this timeout."""

    def is_ending(self, uuid: str) -> bool:
        """Whether a mapping that polls no more still has something to settle."""

    def last_result(self, uuid: str) -> str | None:
        """Of its last batch; None: there was none since the server began."""


class Permit(Protocol):
    """Says whether who has something done may have Lambda do this for it."""

    def __call__(self, operation: str, members: Mapping[str, Any]) -> None:
        """LambdaError: he may not. Not on the loop."""


class PermitAction(Protocol):
    """The same, of what is no operation of Lambda's."""

    def __call__(self, action: str, resource: str) -> None:
        """action: as policies name it. resource: an ARN. LambdaError: he may not. Not on the loop."""


def permit_all(operation: str, members: Mapping[str, Any]) -> None:
    """Who is let in may do all."""


def permit_all_actions(action: str, resource: str) -> None:
    """As above."""


class NothingPolled:
    """Where nothing runs, nothing is polled, and any source may be there."""

    def check(self, mapping: EventSourceMapping, timeout_s: int) -> None: ...

    def is_ending(self, uuid: str) -> bool:
        return False

    def last_result(self, uuid: str) -> str | None:
        return None


def no_layer(arn: str, function: ForFunction) -> None:
    """Where nothing is fetched."""


def no_image(uri: str, architecture: str, function: FunctionId) -> None:
    """Where nothing runs, no image is found either."""


def keep_none(_scope: Scope, _role: LateRole) -> bool:
    """Where nothing is kept, IAM is asked."""
    return False


def nowhere() -> ResponseUrls:
    """Where nothing is served, nobody responds."""
    urls = ResponseUrls(str, "", "")
    urls.close()
    return urls


NOWHERE = Here({}, lambda _: False)
"""Where nothing runs, nothing joins a network or has an extension."""


class RequestContext(Struct, frozen=True):
    """scope: the account and region of the caller. anonymous: the caller named none, so that these are the defaults.
    account_known: whether the caller, or who started us, has said which account it is; else it is our default.

    base_url: how callers reach this server, without a final slash. invoker: the room invoke.
    asked_at: the Host by which this caller does, where it is known to be another one: from inside an environment.
    find_layer, knows_layer: of those that others published.
    readiness: what the pool has of these deployments' provisioned concurrency; not to be asked on the loop.
    origin: who makes what operations make: "api", or "project" for what lambda-emu.yaml declares.
    response_urls: where resources of stacks respond that others make.
    permit: asked before each operation that is done for a stack, in the name of who has it made.
    permit_action: asked the same for what a stack reads beside operations.
    account_concurrency: invocations that may run at once.
    keep_role: where IAM need not be asked yet.
    """

    store: Store
    clock: Clock
    scope: Scope
    runtimes: Catalogue
    activator: Activator
    invoker: Invoker
    readiness: Callable[[Sequence[str]], Sequence[Readiness]]
    base_url: str
    account_concurrency: int = CONCURRENT_EXECUTIONS
    anonymous: bool = True
    account_known: bool = False
    s3: S3 = field(default_factory=S3)
    find_image: FindImage = no_image
    find_layer: FindLayer = no_layer
    knows_layer: Callable[[str], bool] = lambda _: False
    here: Here = NOWHERE
    sources: EventSources = field(default_factory=NothingPolled)
    notices: Notices = field(default_factory=Notices)
    changes: RecentChanges = field(default_factory=RecentChanges)
    origin: str = "api"
    asked_at: str | None = None
    response_urls: ResponseUrls = field(default_factory=nowhere)
    permit: Permit = permit_all
    permit_action: PermitAction = permit_all_actions
    keep_role: KeepRole = keep_none

    def target(self, function_name: str, qualifier: str | None = None) -> Target:
        """What a request's FunctionName and Qualifier mean here; errors as in model.function.names.resolve."""
        return resolve(function_name, qualifier, self.scope, self.anonymous)
