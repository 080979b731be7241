"""What AWS answers of user pools. Those marked (?) have texts of ours."""

from __future__ import annotations

from lambda_emu.services.child.program.checks.refused import Refused


class PoolError(Refused):
    """Builds its text of what it is about."""

    name = "InvalidParameterException"
    words = "{}"

    def __init__(self, *about: object) -> None:
        super().__init__(self.name, self.words.format(*about))


class InvalidParameter(PoolError):
    """Its text is said where the rule stands."""


class NoClient(PoolError):
    name, words = "ResourceNotFoundException", "User pool client {} does not exist."


class NoPool(PoolError):
    name, words = "ResourceNotFoundException", "User pool {} does not exist."


class NotAuthorized(PoolError):
    """Its text is said where the rule stands."""

    name = "NotAuthorizedException"


class WrongPassword(PoolError):
    name, words = "NotAuthorizedException", "Incorrect username or password."


class NoUser(PoolError):
    name, words = "UserNotFoundException", "User does not exist."


class NobodyOfClient(PoolError):
    name, words = "UserNotFoundException", "Username/client id combination not found."


class UserThere(PoolError):
    name, words = "UsernameExistsException", "User already exists"


class AliasThere(PoolError):
    name, words = "AliasExistsException", "An account with the {} already exists."


class NotConfirmed(PoolError):
    name, words = "UserNotConfirmedException", "User is not confirmed."


class ResetRequired(PoolError):
    name, words = "PasswordResetRequiredException", "Password reset required for the user"


class BadPassword(PoolError):
    name, words = "InvalidPasswordException", "Password did not conform with policy: {}"


class WrongCode(PoolError):
    name, words = "CodeMismatchException", "Invalid verification code provided, please try again."


class WrongMfaCode(PoolError):
    name, words = "CodeMismatchException", "Invalid code received for user"


class NoCode(PoolError):
    name, words = "ExpiredCodeException", "Invalid code provided, please request a code again."


class TooManyTries(PoolError):
    name, words = "LimitExceededException", "Attempt limit exceeded, please try after some time."


class UnsupportedState(PoolError):
    name, words = "UnsupportedUserStateException", "{}"


class FunctionFailed(PoolError):
    """By its own error."""

    name, words = "UserLambdaValidationException", "{} failed with error {}."


class FunctionNotRun(PoolError):
    name, words = "UnexpectedLambdaException", "{} invocation failed due to error {}."


class BadAnswer(PoolError):
    name, words = "InvalidLambdaResponseException", "Unrecognizable lambda output"


class BadMember(PoolError):
    name, words = "InvalidLambdaResponseException", "Invalid lambda function output : Invalid JSON"


class NotMigrated(PoolError):
    name, words = "UserNotFoundException", "Exception migrating user in app client {}"
