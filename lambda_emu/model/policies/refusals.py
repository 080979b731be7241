"""What the operations on resource policies refuse. docs/contract/api.md#what-is-not-there, #policies."""

from __future__ import annotations

from lambda_emu.errors.base import InvalidParameter, LambdaError
from lambda_emu.errors.resources import Conflict, NotFound


class NoPolicyFound(NotFound):
    """RemovePermission of a function that does not exist."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"No policy found for: {arn}")


class NoPolicy(NotFound):
    """The resource exists and has no policy."""

    def __init__(self) -> None:
        super().__init__("No policy is associated with the given resource.")


class StatementNotFound(NotFound):
    def __init__(self, statement_id: str) -> None:
        super().__init__(f"Statement {statement_id} is not found in resource policy.")


class LayerVersionNotFound(NotFound):
    """Of the operations on a layer's policy; on attaching it to a function the same text is a 400."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Layer version {arn} does not exist.")


class StatementExists(Conflict):
    def __init__(self, statement_id: str) -> None:
        super().__init__(
            f"The statement id ({statement_id}) provided already exists. "
            "Please provide a new statement id, or remove the existing statement."
        )


class PolicyTooLong(LambdaError):
    """size_bytes: what the whole document would have."""

    code, status = "PolicyLengthExceededException", 400

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"The final policy size ({size_bytes}) is bigger than the limit ({limit_bytes}).")


class PrincipalInvalid(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("The provided principal was invalid. Please check the principal and try again.")


class NoPolicyForLatest(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("We currently do not support adding policies for $LATEST.")


class OnlyForAction(InvalidParameter):
    """A member that belongs to another action; recorded for FunctionUrlAuthType."""

    def __init__(self, member: str, action: str) -> None:
        super().__init__(f"{member} is only supported for {action} action")


class TokenWithSource(InvalidParameter):
    """AWS refuses the pair; its text is not recorded."""

    def __init__(self) -> None:
        super().__init__("EventSourceToken cannot be used together with SourceArn or SourceAccount.")


class PolicyDocumentInvalid(InvalidParameter):
    """A whole document that is no policy for this resource. AWS's texts are not recorded; ours say what is wrong."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The policy document is invalid: {what}.")
