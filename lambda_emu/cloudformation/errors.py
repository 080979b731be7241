"""What CloudFormation answers where it does not do what it is asked. Those with (?) are not recorded from AWS."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lambda_emu.errors.base import LambdaError
from lambda_emu.services.shapes import ModelViolated


class CloudFormationError(LambdaError):
    """Any of this file."""

    code, status, text_key, kind = "ValidationError", 400, "Message", None


class Violated(ModelViolated):
    code, status = "ValidationError", 400


class Malformed(CloudFormationError):
    """A form that cannot be read. (?)"""

    code = "MalformedInput"


class NoSuchAction(CloudFormationError):
    """is_known: AWS has it, and this server has not."""

    def __init__(self, name: str, *, is_known: bool) -> None:
        shown = name[:128]
        if is_known:
            super().__init__(f"{shown} of CloudFormation is not served by lambda-emu")
            self.code, self.status = "NotImplemented", 501
        elif name:
            super().__init__(f"Could not find operation {shown} for version 2010-05-15")
            self.code = "InvalidAction"
        else:
            super().__init__("Missing Action")
            self.code = "MissingAction"


class Invalid(CloudFormationError):
    """What a rule has against a request, or a template."""


class ObjectDenied(CloudFormationError):
    """The caller may not read the object that a template or a policy is in."""

    def __init__(self) -> None:
        super().__init__(
            "S3 error: Access Denied\n"
            "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        )


class InvalidName(CloudFormationError):
    """member: `stackName`."""

    def __init__(self, value: str, member: str, pattern: str) -> None:
        super().__init__(
            f"1 validation error detected: Value '{value[:256]}' at '{member}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )


class TooLong(CloudFormationError):
    def __init__(self, member: str, most: int) -> None:
        super().__init__(
            f"1 validation error detected: Value at '{member}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {most}"
        )


class NoSuchStack(CloudFormationError):
    """Of most operations; DescribeStackResources and others say it otherwise."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Stack with id {name} does not exist")


class StackMissing(CloudFormationError):
    def __init__(self, name: str) -> None:
        super().__init__(f"Stack [{name}] does not exist")


class StackExists(CloudFormationError):
    code = "AlreadyExistsException"

    def __init__(self, name: str) -> None:
        super().__init__(f"Stack [{name}] already exists")


class IsServed(CloudFormationError):
    """Ours: the template that a server is started with is changed by its file."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Stack [{name}] is the template that lambda-emu serves: change that file, or use another stack name"
        )


class StackBusy(CloudFormationError):
    """done: `updated`, `deleted`."""

    def __init__(self, id: str, status: str, done: str = "updated") -> None:
        super().__init__(f"Stack:{id} is in {status} state and can not be {done}.")


class NonTerminal(CloudFormationError):
    """What failed and stays so is changed without a rollback, or rolled back first."""

    def __init__(self, status: str) -> None:
        super().__init__(
            f"This stack is currently in a non-terminal [{status}] state. To update the stack from this state, please "
            "use the disable-rollback parameter with update-stack API. To rollback to the last known good state, use "
            "the rollback-stack API"
        )


class Protected(CloudFormationError):
    def __init__(self, name: str) -> None:
        super().__init__(f"Stack [{name}] cannot be deleted while TerminationProtection is enabled")


class NotYetFailed(CloudFormationError):
    """What a deletion may be told only once another one has failed. what: `specify which resources to retain`, …"""

    def __init__(self, id: str, what: str) -> None:
        super().__init__(
            f"Invalid operation on stack [{id}]. {what} only when the stack is in the DELETE_FAILED state."
        )


class NotToRetain(CloudFormationError):
    def __init__(self) -> None:
        super().__init__(
            "The specified resources to retain must be in a valid state. Do not specify resources that are in the "
            "DELETE_COMPLETE state."
        )


class ProtectedByRoot(CloudFormationError):
    """Termination protection is the outermost stack's. (?)"""

    def __init__(self, name: str) -> None:
        super().__init__(f"TerminationProtection cannot be set on the nested stack [{name}]; set it on its root stack")


class WrongStatus(CloudFormationError):
    """operation: one that begins in another status."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"{operation} cannot be called from current stack status")


class CannotRollBack(CloudFormationError):
    """(?)"""

    def __init__(self, id: str, status: str) -> None:
        super().__init__(f"Stack:{id} is in {status} state and can not be rolled back.")


class CannotSkip(CloudFormationError):
    """names: of what did not fail. (?)"""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"Resources [{', '.join(names)}] cannot be skipped: only those in UPDATE_FAILED state can")


class CannotDetectDrift(CloudFormationError):
    """(?)"""

    def __init__(self, id: str, status: str) -> None:
        super().__init__(f"Drift detection cannot be performed on stack [{id}] in its current state [{status}]")


class NoSuchDetection(CloudFormationError):
    """(?)"""

    def __init__(self, id: str) -> None:
        super().__init__(f"Stack drift detection status not found for id {id}")


class NoUpdates(CloudFormationError):
    def __init__(self) -> None:
        super().__init__("No updates are to be performed.")


class NeedsCapabilities(CloudFormationError):
    code = "InsufficientCapabilitiesException"

    def __init__(self, needed: Collection[str]) -> None:
        super().__init__(f"Requires capabilities : [{', '.join(needed)}]")


class ParametersMissing(CloudFormationError):
    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"Parameters: [{', '.join(names)}] must have values")


class ParametersUnknown(CloudFormationError):
    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"Parameters: [{', '.join(names)}] do not exist in the template")


class NoSuchChangeSet(CloudFormationError):
    code, status = "ChangeSetNotFound", 404

    def __init__(self, name: str) -> None:
        super().__init__(f"ChangeSet [{name}] does not exist")


class ChangeSetExists(CloudFormationError):
    """attribute: in which the two differ."""

    code = "AlreadyExistsException"

    def __init__(self, name: str, attribute: str) -> None:
        super().__init__(f"ChangeSet {name} cannot be created due to a mismatch with existing attribute {attribute}")


class StackExistsForChangeSet(CloudFormationError):
    def __init__(self, stack: str, name: str) -> None:
        super().__init__(f"Stack [{stack}] already exists and cannot be created again with the changeSet [{name}].")


class TransformFailed(Invalid):
    """A macro cannot be expanded."""


class ChangeSetNotReady(CloudFormationError):
    """execution: of one that was made."""

    code = "InvalidChangeSetStatus"

    def __init__(self, id: str, status: str, execution: str) -> None:
        is_made = status == "CREATE_COMPLETE"
        what = f"execution status of [{execution}]" if is_made else f"status of [{status}]"
        super().__init__(f"ChangeSet [{id}] cannot be executed in its current {what}")


class WithinChangeSet(CloudFormationError):
    """One that only its root can be done with. done: `executed` or `deleted`. The text is ours. (?)"""

    code = "InvalidChangeSetStatus"

    def __init__(self, id: str, root: str, done: str) -> None:
        super().__init__(f"ChangeSet [{id}] is nested and cannot be {done} on its own; use its root ChangeSet [{root}]")


class TooManyStacks(CloudFormationError):
    code = "LimitExceededException"

    def __init__(self, most: int) -> None:
        super().__init__(f"Limit for stack has been exceeded: at most {most} in an account and region")


class TooManyJobs(CloudFormationError):
    code = "Throttling"

    def __init__(self) -> None:
        super().__init__("Rate exceeded")


class Failure(CloudFormationError):
    """A fault of ours."""

    code, status = "InternalFailure", 500

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"The request could not be done: {type(error).__name__}: {error}")
