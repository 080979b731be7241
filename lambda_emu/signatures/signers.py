"""Who signed a request, and whether the signature holds where the key is known. On the loop."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from lambda_emu.arn import partition_of
from lambda_emu.clock import Clock
from lambda_emu.gateway.credential import credential_of
from lambda_emu.gateway.request import Request
from lambda_emu.model.credentials import account_of
from lambda_emu.signatures.signature import Signed, is_by, is_timely, signed_of

KEPT = 1024

_KEY_OF_IAM = re.compile(r"A[KS]IA[A-Z0-9]{12,28}")


class AccessKey(Struct, frozen=True):
    """An access key that IAM or STS here made. user_id, arn: of the user or the session that it is of."""

    secret: str
    account: str
    user_id: str
    arn: str


FindKey = Callable[[str], Awaitable[AccessKey | None]]
"""By its id; None: nobody here made it."""


class BadSignature(Exception):
    """The key is known, and did not sign this, or not now."""


class Signer(Struct, frozen=True):
    """access_key: by which it is signed. key: where it is known here; then the signature holds."""

    access_key: str
    account: str
    key: AccessKey | None = None

    @property
    def is_known(self) -> bool:
        return self.key is not None

    def authorizer(self, region: str) -> dict[str, Any]:
        """As an event tells it. Keys that are not known stand for an account, so it is the root user's."""
        user_id = self.account if self.key is None else self.key.user_id
        root = f"arn:{partition_of(region)}:iam::{self.account}:root"
        iam = {
            "accessKey": self.access_key,
            "accountId": self.account,
            "callerId": user_id,
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": root if self.key is None else self.key.arn,
            "userId": user_id,
        }
        return {"iam": iam}


class Signers:
    """own_account: of keys that say no account."""

    def __init__(self, clock: Clock, own_account: str, find_key: FindKey) -> None:
        self._clock = clock
        self._own_account = own_account
        self._find_key = find_key
        self._keys: dict[str, AccessKey | None] = {}

    async def of(self, asked: Request, service: str, region: str) -> Signer | None:
        """None: nobody signed it for this service in this region. BadSignature."""
        signed = signed_of(asked)
        credential = None if signed is None else credential_of(b"Credential=" + signed.credential.encode("latin-1"))
        if signed is None or credential is None or (credential.service, credential.region) != (service, region):
            return None
        key = await self._key(credential.access_key)
        if key is None:
            return Signer(credential.access_key, account_of(credential.access_key) or self._own_account)
        self._check(key, signed, asked)
        return Signer(credential.access_key, key.account, key)

    def forget(self) -> None:
        """A key was made or removed, or may have been."""
        self._keys.clear()

    def _check(self, key: AccessKey, signed: Signed, asked: Request) -> None:
        if not is_timely(signed, self._clock.now_s()):
            raise BadSignature("Signature expired, or not valid yet, or without its time.")
        if not is_by(key.secret, signed, asked):
            raise BadSignature("The request signature we calculated does not match the signature you provided.")

    async def _key(self, access_key: str) -> AccessKey | None:
        if _KEY_OF_IAM.fullmatch(access_key) is None:
            return None
        if access_key not in self._keys:
            found = await self._find_key(access_key)
            while len(self._keys) >= KEPT:
                del self._keys[next(iter(self._keys))]
            self._keys[access_key] = found
        return self._keys[access_key]
