"""Forms by which browsers put objects to S3: signed by a policy in one of their fields. No I/O but reading.

The rules: "Browser-based uploads using POST" in S3's API reference. What of a form comes behind its file is refused:
S3 does not look at it, and others would.
"""

from __future__ import annotations

import hmac
import io
import json
import re
from base64 import b64decode, b64encode
from binascii import Error
from datetime import UTC, datetime
from hashlib import sha1, sha256
from typing import IO, Any

from msgspec import Struct

from lambda_emu.gateway.request import Request
from lambda_emu.signatures.refusals import BadSignature
from lambda_emu.signatures.signature import ALGORITHM, S3, Begin, scope_of, signing_key

KIND = b"multipart/form-data"
MOST_BYTES = 64 * 1024
"""Of all fields before the file; S3 takes 20 KB."""
MOST_FIELDS = 100
MOST_CONDITIONS = 200
PIECE_BYTES = 256 * 1024
UNCHECKED = frozenset(("awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"))
"""Fields that no condition has to name; so are those that begin with x-ignore-."""

_BOUNDARY = re.compile(rb'boundary="?([^";,\s]{1,70})"?')
_NAME = re.compile(rb'[;\s]name="([^"\r\n]{1,256})"', re.IGNORECASE)


class Form(Struct, frozen=True):
    """Fields by their lower-case names. size: of the file in bytes."""

    fields: dict[str, str]
    size: int


class SignedForm(Struct, frozen=True):
    """By its policy. begin: None: by version 2."""

    form: Form

    access_key: str
    signature: str
    policy: str
    token: str | None
    begin: Begin | None


def form_of(asked: Request) -> Form | None:
    """None: it is no form. BadSignature: it is one that nobody would read as we do."""
    kind = asked.head.first.get(b"content-type", b"")
    if asked.head.method != b"POST" or not kind.startswith(KIND):
        return None
    boundary = _BOUNDARY.search(kind)
    if boundary is None:
        raise _malformed()
    with io.BytesIO(asked.body) if asked.body_file is None else asked.body_file.open("rb") as body:
        return _read(body, b"--" + boundary[1])


def signed_form_of(asked: Request) -> SignedForm | None:
    """None: it is no form, or has no signature. BadSignature: it has half of one, or nobody would read it as we do."""
    form = form_of(asked)
    if form is None:
        return None
    told = form.fields
    token = told.get("x-amz-security-token")
    if "x-amz-signature" in told:
        found = scope_of(told.get("x-amz-credential", "").encode("latin-1", "replace"))
        if found is None or told.get("x-amz-algorithm") != ALGORITHM.decode() or "policy" not in told:
            raise _malformed()
        access_key, scope, date, region, service = found
        if service != S3:
            raise _malformed()
        begin = Begin(access_key, scope, date, region, service, (), b"")
        return SignedForm(form, access_key, told["x-amz-signature"], told["policy"], token, begin)
    if "signature" in told or "policy" in told:
        if not {"signature", "policy", "awsaccesskeyid"} <= told.keys():
            raise _malformed()
        return SignedForm(form, told["awsaccesskeyid"], told["signature"], told["policy"], token, None)
    return None


def is_by(secret: str, signed: SignedForm) -> bool:
    policy = signed.policy.encode()
    if signed.begin is not None:
        made = hmac.digest(signing_key(secret, signed.begin), policy, sha256).hex()
    else:
        made = b64encode(hmac.digest(secret.encode(), policy, sha1)).decode()
    return hmac.compare_digest(made.encode(), signed.signature.encode())


def check_policy(signed: SignedForm, bucket: str, now_s: float) -> None:
    """Whether the form is as its policy says. BadSignature."""
    try:
        policy = json.loads(b64decode(signed.policy, validate=True))
        until = datetime.fromisoformat(policy["expiration"])
        conditions = policy["conditions"]
    except (Error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadSignature("InvalidPolicyDocument", 400, "Invalid Policy: Invalid JSON.") from error
    if not isinstance(conditions, list) or len(conditions) > MOST_CONDITIONS:
        raise BadSignature("InvalidPolicyDocument", 400, "Invalid Policy: Invalid 'conditions' value: must be a List.")
    if until.replace(tzinfo=until.tzinfo or UTC).timestamp() < now_s:
        raise _denied("Policy expired.")
    form = signed.form
    fields = form.fields | {"bucket": bucket}
    named = {name for condition in conditions for name in _check(condition, fields, form.size)}
    extra = sorted(name for name in form.fields if not (name in named | UNCHECKED or name.startswith("x-ignore-")))
    if extra:
        raise _denied(f"Extra input fields: {', '.join(extra)}")


def _check(condition: Any, fields: dict[str, str], size: int) -> set[str]:
    """The fields that it names, which are as it says. BadSignature."""
    if isinstance(condition, dict):
        rows = [("eq", name, value) for name, value in condition.items()]
    elif isinstance(condition, list) and len(condition) == 3:
        if condition[0] == "content-length-range":
            _check_size(condition, size)
            return set()
        rows = [(str(condition[0]).lower(), str(condition[1]).removeprefix("$"), condition[2])]
    else:
        rows = [("none", "", "")]
    for how, name, value in rows:
        told, wanted = fields.get(name.lower(), ""), str(value)
        if not ((how == "eq" and told == wanted) or (how == "starts-with" and told.startswith(wanted))):
            raise _denied(f"Policy Condition failed: {json.dumps([how, f'${name}', wanted])}")
    return {name.lower() for _, name, _ in rows}


def _check_size(condition: list[Any], size: int) -> None:
    try:
        least, most = int(condition[1]), int(condition[2])
    except (ValueError, TypeError, OverflowError) as error:
        raise BadSignature("InvalidPolicyDocument", 400, "Invalid Policy: Invalid content-length-range.") from error
    if size > most:
        raise BadSignature("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size")
    if size < least:
        raise BadSignature("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size")


def _read(body: IO[bytes], delimiter: bytes) -> Form:
    data = body.read(MOST_BYTES)
    fields: dict[str, str] = {}
    at = data.find(delimiter)
    while at >= 0 and len(fields) <= MOST_FIELDS:
        head_end = data.find(b"\r\n\r\n", at)
        name = _NAME.search(data, at, head_end) if head_end >= 0 else None
        if name is None:
            break
        key = name[1].decode("utf-8", "replace").lower()
        if key == "file":
            return Form(fields, _file_size(body, head_end + 4, delimiter))
        at = data.find(b"\r\n" + delimiter, head_end + 4)
        if at < 0 or key in fields:
            break
        fields[key] = data[head_end + 4 : at].decode("utf-8", "replace")
        at += 2
    raise _malformed()


def _file_size(body: IO[bytes], begin: int, delimiter: bytes) -> int:
    """Of the last part, which begins there."""
    mark, end = b"\r\n" + delimiter, b"--"
    body.seek(begin)
    size, kept = 0, b""
    while piece := body.read(PIECE_BYTES):
        data = kept + piece
        at = data.find(mark)
        if at >= 0:
            rest = data[at + len(mark) :] + body.read(MOST_BYTES)
            if not rest.startswith(end) or delimiter in rest:
                break
            return size + at
        size += max(0, len(data) - len(mark))
        kept = data[-len(mark) :]
    raise _malformed()


def _malformed() -> BadSignature:
    text = "The body of your POST request is not well-formed multipart/form-data."
    return BadSignature("MalformedPOSTRequest", 400, text)


def _denied(text: str) -> BadSignature:
    return BadSignature("AccessDenied", 403, f"Invalid according to Policy: {text}")
