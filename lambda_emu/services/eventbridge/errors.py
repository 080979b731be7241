"""Errors of EventBridge. Texts marked (?) are not recorded."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError

NOT_SERVED = "TargetNotServed"
"""The code of targets to which nothing is brought here; AWS has none, since it takes them."""


class EventsError(LambdaError):
    """What all of them have; the text is AWS's own where it is made of more than one value."""

    code, status = "ValidationException", 400


class PatternInvalid(EventsError):
    """AWS also says where in the text, as its parser counts; we do not."""

    code = "InvalidEventPatternException"

    def __init__(self, why: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {why}")


class ParameterInvalid(EventsError):
    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"Parameter {name} is not valid. Reason: {reason}")


class EntriesTooLarge(EventsError):
    def __init__(self) -> None:
        super().__init__("Total size of the entries in the request is over the limit.")


class Missing(EventsError):
    code = "ResourceNotFoundException"


class NoSuchBus(Missing):
    def __init__(self, name: str) -> None:
        super().__init__(f"Event bus {name} does not exist.")


class NoSuchRule(Missing):
    def __init__(self, name: str, bus: str) -> None:
        super().__init__(f"Rule {name} does not exist on EventBus {bus}.")


class NoSuchStatement(Missing):
    def __init__(self) -> None:
        super().__init__("Statement with the provided id does not exist.")


class NoSuch(Missing):
    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"{what} {name} does not exist.")


class AlreadyThere(EventsError):
    code = "ResourceAlreadyExistsException"

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"{what} {name} already exists.")


class IllegalStatus(EventsError):
    code = "IllegalStatusException"


class NotAllowed(EventsError):
    """In the words that AWS has for every service."""

    code = "AccessDeniedException"

    def __init__(self, caller: str, action: str, arn: str) -> None:
        super().__init__(
            f"User: {caller} is not authorized to perform: {action} on resource: {arn} because no resource-based "
            f"policy allows the {action} action"
        )


class TooMany(EventsError):
    code = "LimitExceededException"

    def __init__(self) -> None:
        super().__init__("The requested resource exceeds the maximum number allowed.")


class UnknownEventsOperation(EventsError):
    code = "UnknownOperationException"

    def __init__(self, name: str) -> None:
        super().__init__(f"The operation {name} is not served.")  # AWS says nothing


class NotKept(EventsError):
    """Nothing was changed, or nobody knows: whoever asked asks again."""

    code, status = "InternalException", 500

    def __init__(self) -> None:
        super().__init__("This could not be written to disk.")
