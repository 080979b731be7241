"""Who signed a request, and whether the signature holds.

Where signatures are not checked, a key stands for whoever it was made for, and one that nobody made for an account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import unquote

from msgspec import Struct

from lambda_emu.arn import partition_of
from lambda_emu.clock import Clock
from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head
from lambda_emu.model.caller import ANONYMOUS, Caller
from lambda_emu.signatures import claims, forms
from lambda_emu.signatures.checks import check_form, check_time, check_unreadable
from lambda_emu.signatures.claims import Claim, claim_of
from lambda_emu.signatures.forms import SignedForm
from lambda_emu.signatures.keys import Key, Keys
from lambda_emu.signatures.quick import QuickSigners
from lambda_emu.signatures.refusals import BadSignature, Family, Reason, family_of, refused
from lambda_emu.signatures.signature import S3, Signed, canonical, text_to_sign
from lambda_emu.signatures.version2 import SignedV2

__all__ = ["BadSignature", "Signer", "Signers"]

BucketOf = Callable[[Head], str | None]


class Check(Protocol):
    """Says whether a caller may do something for which no service of its own is asked. On the loop."""

    async def __call__(
        self,
        caller: Caller,
        asked: Request,
        action: str,
        resource: str,
        policy: str | None = None,
        context: Mapping[str, str] = {},
    ) -> None:
        """LambdaError: he may not. policy: the resource's own, where its ARN leads to none. context: of conditions."""


async def check_nothing(*_: Any, **__: Any) -> None:
    """Where nobody is asked what callers may do."""


class Signer(Struct, frozen=True):
    """Who signed for a function's URL or an API. is_checked: whether the signature was found to hold."""

    caller: Caller
    is_checked: bool

    @property
    def access_key(self) -> str:
        return self.caller.access_key

    @property
    def account(self) -> str:
        return self.caller.account

    @property
    def is_known(self) -> bool:
        return self.is_checked

    def authorizer(self, region: str) -> dict[str, Any]:
        """As an event tells it."""
        caller = self.caller
        arn = caller.arn.replace("arn:aws:", f"arn:{partition_of(region)}:", 1)
        iam = {
            "accessKey": caller.access_key,
            "accountId": caller.account,
            "callerId": caller.user_id,
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": arn,
            "userId": caller.user_id,
        }
        return {"iam": iam}


class Signers:
    """is_strict: every signature is checked; else those alone that URLs and APIs ask about, of keys that were made.

    bucket_of: the bucket that a host names. What is awaited runs on the loop, all else on any thread.
    """

    def __init__(self, clock: Clock, keys: Keys, bucket_of: BucketOf, *, is_strict: bool) -> None:
        self._clock = clock
        self._keys = keys
        self._bucket_of = bucket_of
        self.is_strict = is_strict
        self._quick = QuickSigners(clock, is_strict=is_strict)
        self.quick_caller = self._quick.caller
        self.check: Check = check_nothing
        """Set once, by who knows what callers may do."""

    def forget(self) -> None:
        """A key was made or removed, or may have been."""
        self._keys.forget()
        self._quick.forget()

    def caller_at_once(self, asked: Request, family: Family | None = None) -> Caller | None:
        """Who asks, ANONYMOUS where nobody signed; None: only `caller` finds that out. BadSignature.

        family: of errors about what cannot be read; None: by the request's form.
        """
        known = self._quick.caller(asked)
        if known is not None:
            return known
        times, claim = self._keys.times_forgotten, self._claim_of(asked, family)
        if claim is None:
            return self._unsigned(asked, family)
        try:
            key = self._keys.known(claim.access_key, claim.token)
        except LookupError:
            return None
        return self._caller(claim, key, asked, times)

    async def caller(self, asked: Request, family: Family | None = None) -> Caller:
        """The same."""
        times, claim = self._keys.times_forgotten, self._claim_of(asked, family)
        if claim is None:
            return self._unsigned(asked, family)
        return self._caller(claim, await self._keys.find(claim.access_key, claim.token), asked, times)

    def key_of(self, asked: Request, family: Family | None = None) -> tuple[str, str | None] | None:
        """The access key that it says it is signed by, and the token; None: it is not signed. BadSignature."""
        claim = self._claim_of(asked, family)
        return None if claim is None else (claim.access_key, claim.token)

    async def find_key(self, key: tuple[str, str | None] | None) -> None:
        """Afterwards `caller_at_once` knows who signs with it, unless keys are forgotten meanwhile."""
        if key is not None:
            await self._keys.find(*key)

    async def of(self, asked: Request, service: str, region: str) -> Signer | None:
        """Who signed it for this service in this region; None: nobody did. BadSignature.

        Of keys that were made it is checked always, whether or not their session's token is there.
        """
        claim = claim_of(asked, for_s3=False)
        if claim is None or not isinstance(claim.signed, Signed):
            return None
        if (claim.signed.begin.service, claim.signed.begin.region) != (service, region):
            return None
        key = await self._keys.find(claim.access_key, claim.token)
        if not self.is_strict and (key is None or key.is_root):
            return Signer(self._keys.stranger(claim.access_key) if key is None else key.caller, False)
        return Signer(self._check(claim, key, asked, Family.REST), True)

    def _claim_of(self, asked: Request, family: Family | None) -> Claim | None:
        try:
            return claim_of(asked, for_s3=family is Family.S3)
        except BadSignature:
            if self.is_strict:
                raise
            return None  # moto says what there is to say

    def _unsigned(self, asked: Request, family: Family | None) -> Caller:
        if self.is_strict:
            check_unreadable(asked, family or family_of(asked, None))
        return ANONYMOUS

    def _caller(self, claim: Claim, key: Key | None, asked: Request, times: int) -> Caller:
        """times: how often keys were forgotten when this one was not known yet."""
        if self.is_strict:
            caller = self._check(claim, key, asked, family_of(asked, claim.service))
        else:
            caller = self._keys.stranger(claim.access_key) if key is None else key.caller
        if isinstance(claim.signed, Signed):
            self._quick.keep(asked, claim.signed, caller, key)
            if times != self._keys.times_forgotten:
                self._quick.forget()
        return caller

    def _check(self, claim: Claim, key: Key | None, asked: Request, family: Family) -> Caller:
        now_s = self._clock.now_s()
        if isinstance(claim.signed, Signed):
            check_form(claim.signed, asked, family)
        if not isinstance(claim.signed, SignedForm):
            check_time(claim.signed, now_s, family)
        if key is None or not key.secret:
            raise refused(Reason.UNKNOWN_KEY, family, members={"AWSAccessKeyId": claim.access_key})
        if self.is_strict and claim.token != key.token:
            raise refused(Reason.BAD_TOKEN, family, members={"Token-0": claim.token or ""})
        if key.expires_s is not None and now_s > key.expires_s:
            raise refused(Reason.EXPIRED, family, members={"Token-0": claim.token or ""})
        if isinstance(claim.signed, Signed):
            self._check_signature(claim.signed, key.secret, asked, family)
        elif isinstance(claim.signed, SignedV2):
            self._check_v2(claim.signed, key.secret, asked)
        else:
            self._check_of_form(claim.signed, key.secret, asked, now_s)
        return key.caller

    def _check_signature(self, signed: Signed, secret: str, asked: Request, family: Family) -> None:
        digest, other = claims.payload_digest(signed, asked)
        if not claims.is_by(secret, signed, asked, digest):
            raise _wrong(signed, asked, digest, family)
        if other is not None:
            raise _other_body(digest, other, signed, asked, family)

    def _check_v2(self, signed: SignedV2, secret: str, asked: Request) -> None:
        bucket = self._bucket_of(asked.head)
        if not claims.is_by_v2(secret, signed, asked, bucket):
            text = claims.text_of_v2(signed, asked, bucket)
            raise refused(Reason.WRONG, Family.S3, members=_s3_members(signed.access_key, text, signed.signature))

    def _check_of_form(self, signed: SignedForm, secret: str, asked: Request, now_s: float) -> None:
        if not forms.is_by(secret, signed):
            raise refused(
                Reason.WRONG, Family.S3, members=_s3_members(signed.access_key, signed.policy, signed.signature)
            )
        in_path = unquote(asked.path.decode("latin-1")).removeprefix("/").partition("/")[0]
        forms.check_policy(signed, self._bucket_of(asked.head) or in_path, now_s)


def _wrong(signed: Signed, asked: Request, digest: bytes, family: Family) -> BadSignature:
    """With what we made of the request, so that who signs by himself finds out where he differs."""
    request = canonical(signed, asked, digest)
    text = text_to_sign(signed, request).decode("latin-1")
    if family is Family.S3:
        members = _s3_members(signed.access_key, text, signed.signature.decode())
        members |= {"CanonicalRequest": request.decode("latin-1"), "CanonicalRequestBytes": request.hex(" ")}
        return refused(Reason.WRONG, family, members=members)
    error = refused(Reason.WRONG, family)
    error.text = (
        f"{error.text}\n\nThe Canonical String for this request should have been\n'{request.decode('latin-1')}'\n\n"
        f"The String-to-Sign should have been\n'{text}'\n"
    )
    return error


def _other_body(digest: bytes, other: bytes, signed: Signed, asked: Request, family: Family) -> BadSignature:
    """What is signed holds, and is not what came. Other services than S3 say no more than that."""
    if family is not Family.S3 or signed.begin.service != S3:
        return _wrong(signed, asked, other, family)
    return BadSignature(
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        members={"ClientComputedContentSHA256": digest.decode("latin-1"), "S3ComputedContentSHA256": other.decode()},
    )


def _s3_members(access_key: str, text: str, signature: str) -> dict[str, str]:
    return {
        "AWSAccessKeyId": access_key,
        "StringToSign": text,
        "SignatureProvided": signature,
        "StringToSignBytes": text.encode("latin-1", "replace").hex(" "),
    }
