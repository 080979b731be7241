"""What the request names is not there, not yours, or not free now. docs/contract/api.md#texts."""

from __future__ import annotations

from typing import Any

from lambda_emu.errors.base import LambdaError


class AccessDenied(LambdaError):
    """A function of another account: the text is null. docs/contract/api.md#errors."""

    code, status, text_key, kind = "AccessDeniedException", 403, "Message", None

    def __init__(self, text: str | None = None) -> None:
        super().__init__(text)


class OtherAccount(AccessDenied):
    """A name leads to another account's function, which only its policy may allow. target: what it names there."""

    def __init__(self, target: Any) -> None:
        super().__init__()
        self.target = target


class ImageNotShared(AccessDenied):
    """Of another account's repository, whose policy does not let the function's account and Lambda in."""

    def __init__(self) -> None:
        super().__init__("Lambda does not have permission to access the ECR image. Check the ECR permissions.")


class NotFound(LambdaError):
    code, status, text_key = "ResourceNotFoundException", 404, "Message"


class FunctionNotFound(NotFound):
    """`arn` is qualified where the operation's own text is: docs/contract/api.md#what-is-not-there."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Function not found: {arn}")


class ResourceMissing(NotFound):
    """What is no function: a policy, a URL, an event source mapping, a layer version."""

    def __init__(self) -> None:
        super().__init__("The resource you requested does not exist.")


class Conflict(LambdaError):
    code, status = "ResourceConflictException", 409


class UpdateInProgress(Conflict):
    def __init__(self, arn: str) -> None:
        super().__init__(
            f"The operation cannot be performed at this time. An update is in progress for resource: {arn}"
        )


class FunctionPending(Conflict):
    """Invoke, before the function became Active. Also says Failed and others, which no later invoke cures.

    reason: the StateReason of one that failed; AWS leaves it to GetFunction. passing: whether it may become Active.
    """

    def __init__(self, state: str = "Pending", reason: str | None = None) -> None:
        self.passing = state == "Pending"
        super().__init__(
            f"The operation cannot be performed at this time. The function is currently in the following state: {state}"
            + (f". {reason}" if reason else "")
        )


class StillBeingCreated(Conflict):
    """An update, before the function became Active."""

    def __init__(self, arn: str) -> None:
        super().__init__(
            "The operation cannot be performed at this time. "
            f"The resource {arn} is currently in the following state: 'Pending'. StateReasonCode: 'Creating'"
        )


class RevisionMismatch(LambdaError):
    """`operation` is the call that shows the latest Revision Id: "GetFunction/GetAlias", "GetPolicy" …"""

    code, status = "PreconditionFailedException", 412

    def __init__(self, operation: str = "GetFunction/GetAlias") -> None:
        super().__init__(
            "The Revision Id provided does not match the latest Revision Id. "
            f"Call the {operation} API to retrieve the latest Revision Id"
        )
