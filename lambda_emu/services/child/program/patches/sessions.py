"""Temporary credentials of STS and of Cognito's identities are ours: their tokens say whose they are.

moto's are the same for all who ask for a session token, and nobody knows them again.
"""

from __future__ import annotations

import json
from calendar import timegm
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.model.caller import CallerKind
from lambda_emu.model.credentials import Issuer, Session, access_key
from lambda_emu.services.child.program.current_request import session_token

OPERATIONS = ("assume_role", "assume_role_with_web_identity", "assume_role_with_saml")
OF_IDENTITIES_S = 3600
MOST_POLICIES, MOST_TAGS = 10, 50


class Given(Struct, frozen=True):
    """As moto's answers have credentials."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: datetime


def replace_sessions(issuer: Issuer) -> None:
    """Of STS."""
    from moto.sts.responses import TokenResponse

    for name in OPERATIONS:
        setattr(TokenResponse, name, _giving(issuer, getattr(TokenResponse, name)))
    token, federation = TokenResponse.get_session_token, TokenResponse.get_federation_token

    def get_session_token(self: Any) -> Any:
        from moto.sts.exceptions import STSClientError

        if session_token():
            raise STSClientError("AccessDenied", "Cannot call GetSessionToken with session credentials")
        answer: Any = token(self)
        answer.result["Credentials"] = _give(issuer, _asker(self), answer.result["Credentials"]["Expiration"])
        return answer

    def get_federation_token(self: Any) -> Any:
        answer: Any = federation(self)
        federated = answer.result["FederatedUser"]
        session = _session(CallerKind.FEDERATED, self.current_account, federated["Arn"], federated["FederatedUserId"])
        narrowed = _with_policies(self, session)
        answer.result["Credentials"] = _give(issuer, narrowed, answer.result["Credentials"]["Expiration"])
        return answer

    TokenResponse.get_session_token = get_session_token  # type: ignore[method-assign]
    TokenResponse.get_federation_token = get_federation_token  # type: ignore[method-assign]


def replace_identities(issuer: Issuer) -> None:
    """Of Cognito's identity pools, which have the roles here that the console would make for them (?)."""
    from moto.cognitoidentity.models import CognitoIdentityBackend
    from moto.core.utils import utcnow

    def get_credentials_for_identity(self: Any, identity_id: str) -> str:
        until = utcnow() + timedelta(seconds=OF_IDENTITIES_S)
        role = f"arn:{self.partition}:iam::{self.account_id}:role/Cognito_{_pool_of(self, identity_id)}Auth_Role"
        arn = f"arn:{self.partition}:sts::{self.account_id}:assumed-role/{role.rpartition('/')[2]}"
        made = _session(
            CallerKind.SESSION, self.account_id, f"{arn}/CognitoIdentityCredentials", identity_id, role_arn=role
        )
        given = _give(issuer, made, until)
        told = {
            "AccessKeyId": given.access_key_id,
            "SecretKey": given.secret_access_key,
            "SessionToken": given.session_token,
            "Expiration": _seconds(until),
        }
        return json.dumps({"Credentials": told, "IdentityId": identity_id})

    CognitoIdentityBackend.get_credentials_for_identity = get_credentials_for_identity  # type: ignore[method-assign]


def _giving(issuer: Issuer, assume: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same, whose session is ours; moto goes on to know it, by its key."""

    def assume_ours(self: Any) -> Any:
        answer = assume(self)
        role = answer.result["Credentials"]
        user = answer.result["AssumedRoleUser"]
        session = _session(CallerKind.SESSION, role.account_id, user["Arn"], role.user_id, role_arn=role.role_arn)
        given = _give(issuer, _with_policies(self, session), role.expiration)
        role.access_key_id, role.secret_access_key = given.access_key_id, given.secret_access_key
        role.session_token = given.session_token
        return answer

    return assume_ours


def _session(kind: CallerKind, account: str, arn: str, user_id: str, role_arn: str | None = None) -> Session:
    """With a key and a number of its own."""
    from moto.moto_api._internal import mock_random

    key = access_key("ASIA", account, mock_random.getrandbits(25))
    return Session(key, kind.value, account, arn, user_id, f"{mock_random.getrandbits(128):032x}", role_arn)


def _with_policies(response: Any, session: Session) -> Session:
    """What narrows it, and what else its token says. Managed policies are those of now, as AWS has it (?)."""
    inline, tags = response._get_param("Policy"), response._get_param("Tags", [])[:MOST_TAGS]
    arns = [str(each.get("arn", "")) for each in response._get_param("PolicyArns", [])[:MOST_POLICIES]]
    managed = [document for arn in arns if (document := _document(session.account, arn)) is not None]
    return replace(
        session,
        policies=(*([] if inline is None else [str(inline)]), *managed),
        source_identity=response._get_param("SourceIdentity"),
        tags=tuple((str(tag["Key"]), str(tag.get("Value", ""))) for tag in tags),
    )


def _document(account: str, arn: str) -> str | None:
    from moto.iam.models import iam_backends

    policy = iam_backends[account][arn.split(":")[1] if arn.count(":") > 1 else "aws"].managed_policies.get(arn)
    if policy is None:
        return None
    return next((one.document for one in policy.versions if one.version_id == policy.default_version_id), None)


def _asker(response: Any) -> Session:
    """As whom the session goes on: the user whose key it is, else the root."""
    from moto.iam.models import iam_backends

    account = response.current_account
    user = iam_backends[account][response.partition].get_user_from_access_key_id(response.get_access_key())
    if user is None:
        return _session(CallerKind.ROOT, account, f"arn:{response.partition}:iam::{account}:root", account)
    return _session(CallerKind.USER, account, user.arn, user.id)


def _give(issuer: Issuer, session: Session, until: datetime) -> Given:
    """until: UTC, and says no zone, as moto has it."""
    made = issuer.credentials(replace(session, expires_s=_seconds(until)))
    return Given(made.access_key, made.secret, made.token, until)


def _seconds(until: datetime) -> float:
    return float(timegm(until.utctimetuple()))


def _pool_of(backend: Any, identity: str) -> str:
    """The name of the pool that an identity is of; some text where there is none, as moto knows any identity."""
    for id, pool in backend.pools_identities.items():
        if any(each["IdentityId"] == identity for each in pool["Identities"]):
            name = getattr(backend.identity_pools.get(id), "identity_pool_name", "")
            return "".join(letter for letter in name if letter.isascii() and (letter.isalnum() or letter in "_-"))
    return "Identity"
