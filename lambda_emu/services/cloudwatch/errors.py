"""Errors of CloudWatch's metrics, in both of the names that AWS has for each."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError


class CloudWatchError(LambdaError):
    """query_code: as older SDKs read it, and newer ones in a header."""

    code, status, text_key, query_code = "InvalidParameterValueException", 400, "message", "InvalidParameterValue"


class InvalidParameterValue(CloudWatchError):
    """A value that a parameter cannot have."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(f"The value {value} for parameter {name} is invalid.")


class EndsBeforeStart(CloudWatchError):
    def __init__(self) -> None:
        super().__init__("The parameter StartTime must be less than the parameter EndTime.")


class BothGiven(CloudWatchError):
    """Of two parameters only one may be there."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"The parameters {one} and {other} are mutually exclusive and you have specified both.")


class DifferentSizes(CloudWatchError):
    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"The parameters {one} and {other} must be of the same size.")


class TooMany(CloudWatchError):
    def __init__(self, name: str, most: int) -> None:
        super().__init__(f"The collection {name} must not have a size greater than {most}.")


class Missing(CloudWatchError):
    """A parameter that has to be there."""

    code, query_code = "MissingRequiredParameterException", "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The parameter {name} is required.")


class InvalidCombination(CloudWatchError):
    """AWS's words are known for none but the number of points."""

    code, query_code = "InvalidParameterCombinationException", "InvalidParameterCombination"


class NoStatistic(InvalidCombination):
    def __init__(self) -> None:
        super().__init__("Must specify either Statistics or ExtendedStatistics")


class TooManyPoints(InvalidCombination):
    def __init__(self, asked: int, most: int) -> None:
        super().__init__(
            f"You have requested up to {asked} datapoints, which exceeds the limit of {most}. You may reduce the "
            "datapoints requested by increasing Period, or decreasing the time range."
        )


class ValidationFailed(CloudWatchError):
    """Of what GetMetricData is asked."""

    code = query_code = "ValidationError"


class InvalidNextToken(CloudWatchError):
    code = query_code = "InvalidNextToken"

    def __init__(self) -> None:
        super().__init__("Request parameter NextToken is invalid")


class Unreadable(CloudWatchError):
    """The body is not what it says it is."""

    code = query_code = "SerializationException"
