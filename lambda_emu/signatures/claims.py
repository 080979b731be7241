"""What a request says of who signed it, by whichever version of signatures; and whether that holds."""

from __future__ import annotations

import io
from hashlib import sha256
from typing import IO, NamedTuple

from lambda_emu.gateway.request import Request
from lambda_emu.signatures import chunks, signature, version2
from lambda_emu.signatures.forms import SignedForm, signed_form_of
from lambda_emu.signatures.signature import EMPTY_DIGEST, S3, UNSIGNED, Signed, signed_of
from lambda_emu.signatures.version2 import SignedV2, signed_v2_of

PIECE_BYTES = 256 * 1024


class Claim(NamedTuple):
    """Who is said to have signed. signed: how."""

    access_key: str
    token: str | None
    signed: Signed | SignedV2 | SignedForm

    @property
    def service(self) -> str:
        """For which it is signed."""
        return self.signed.begin.service if isinstance(self.signed, Signed) else S3


def claim_of(asked: Request, *, for_s3: bool) -> Claim | None:
    """None: it is not signed, or in no way that can be read. BadSignature: it is a form that nobody reads as we do.

    for_s3: so it may be signed by version 2, or in a form.
    """
    signed: Signed | SignedV2 | SignedForm | None = signed_of(asked)
    if signed is None and for_s3:
        signed = signed_v2_of(asked) or (None if b"authorization" in asked.head.first else signed_form_of(asked))
    return None if signed is None else Claim(signed.access_key, signed.token, signed)


def payload_digest(signed: Signed, asked: Request) -> tuple[bytes, bytes | None]:
    """As it is signed; and what the body's own is, where the header said another one, else None."""
    told = asked.head.first.get(b"x-amz-content-sha256")
    is_of_s3 = signed.begin.service == S3
    if is_of_s3 and signed.in_query and told is None:
        return UNSIGNED, None
    if told == UNSIGNED or (is_of_s3 and told is not None and told.startswith(signature.STREAMING)):
        return told, None
    digest = _digest_of(asked)
    return told or digest, None if told in (None, digest) else digest


def is_by(secret: str, signed: Signed, asked: Request, digest: bytes) -> bool:
    """Whether this secret signed the request, and each piece of its body where these are signed."""
    if not signature.is_by(secret, signed, asked, digest):
        return False
    if digest not in (chunks.SIGNED, chunks.WITH_TRAILER):
        return not digest.startswith(signature.STREAMING) or digest == chunks.UNSIGNED_WITH_TRAILER
    with _body_of(asked) as body:
        return chunks.are_by(signature.signing_key(secret, signed.begin), signed, digest, body)


def is_by_v2(secret: str, signed: SignedV2, asked: Request, bucket: str | None) -> bool:
    return version2.is_by(secret, signed, asked, bucket)


def _body_of(asked: Request) -> IO[bytes]:
    return io.BytesIO(asked.body) if asked.body_file is None else asked.body_file.open("rb")


def _digest_of(asked: Request) -> bytes:
    if asked.body_file is None:
        return sha256(asked.body).hexdigest().encode() if asked.body else EMPTY_DIGEST
    found = sha256()
    with asked.body_file.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            found.update(piece)
    return found.hexdigest().encode()


def text_of_v2(signed: SignedV2, asked: Request, bucket: str | None) -> str:
    return version2.text_to_sign(signed, asked, bucket)
