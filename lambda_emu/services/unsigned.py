"""Requests that AWS takes from who signs nothing. A test holds it to botocore's own models."""

from __future__ import annotations

from urllib.parse import parse_qsl

from lambda_emu.gateway.request import Request
from lambda_emu.gateway.router import FORM
from lambda_emu.services.catalogue import POOL_PATH, named

TARGET = b"x-amz-target"
_POOLS = b"AWSCognitoIdentityProviderService."
_IDENTITIES = b"AWSCognitoIdentityService."
TARGETS = frozenset(
    (
        *(
            _POOLS + name
            for name in (
                *(b"AssociateSoftwareToken", b"ChangePassword", b"CompleteWebAuthnRegistration", b"ConfirmDevice"),
                *(b"ConfirmForgotPassword", b"ConfirmSignUp", b"DeleteUser", b"DeleteUserAttributes"),
                *(b"DeleteWebAuthnCredential", b"ForgetDevice", b"ForgotPassword", b"GetDevice"),
                *(b"GetTokensFromRefreshToken", b"GetUser", b"GetUserAttributeVerificationCode"),
                *(b"GetUserAuthFactors", b"GlobalSignOut", b"InitiateAuth", b"ListDevices", b"ListUserSessions"),
                *(b"ListWebAuthnCredentials", b"ResendConfirmationCode", b"RespondToAuthChallenge", b"RevokeToken"),
                *(b"RevokeUserSession",),
                *(b"SetUserMFAPreference", b"SetUserSettings", b"SignUp", b"StartWebAuthnRegistration"),
                *(b"UpdateAuthEventFeedback", b"UpdateDeviceStatus", b"UpdateUserAttributes"),
                *(b"VerifySoftwareToken", b"VerifyUserAttribute"),
            )
        ),
        *(
            _IDENTITIES + name
            for name in (b"GetCredentialsForIdentity", b"GetId", b"GetOpenIdToken", b"UnlinkIdentity")
        ),
    )
)
ACTIONS = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "ConfirmSubscription", "Unsubscribe")
"""Of the query protocol; the last two by links in messages, which anybody may follow."""
MOST_FORM = 256 * 1024
"""Bytes of one: a SAML assertion has 100,000 characters at most."""


def may_be_unsigned(asked: Request) -> bool:
    """What names its operation twice names none of these: whoever reads it may take the other one."""
    first = asked.head.first
    if TARGET in first:
        return first[TARGET] in TARGETS and sum(name == TARGET for name, _ in asked.head.headers) == 1
    if asked.path == b"/":
        return _action(asked) in ACTIONS
    return asked.method == "GET" and POOL_PATH.fullmatch(asked.path) is not None


def may_be_unsigned_for_s3(asked: Request) -> bool:
    """Whether bucket policies and ACLs decide: not of what names another service, which would then have it."""
    row = named(asked)
    return row is None or row.name == "s3"


def _action(asked: Request) -> str | None:
    """The only one that it names, of the query protocol."""
    is_form = asked.head.first.get(b"content-type", b"").startswith(FORM)
    form = asked.query + b"&" + (asked.body if is_form else b"")
    if len(form) > MOST_FORM or asked.body_file is not None:
        return None
    found = [value for name, value in parse_qsl(form.decode("latin-1")) if name == "Action"]
    return found[0] if len(found) == 1 else None
