"""What is said to who signs wrongly: in each family of services its own code, status and words; never a mistake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import botocore.auth
import pytest
from api_rig import asked
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cost_rig import cpu_s, times_as_much
from hypothesis import given
from hypothesis import strategies as st
from signing_rig import ISSUER

from lambda_emu.clock import SteppingClock
from lambda_emu.gateway.request import Request
from lambda_emu.model.caller import ANONYMOUS, Caller, CallerKind
from lambda_emu.model.credentials import RoleSession, Session
from lambda_emu.services.buckets import bucket_in
from lambda_emu.signatures.keys import AccessKey, Keys
from lambda_emu.signatures.refusals import BadSignature, Family
from lambda_emu.signatures.signers import Signers

OWN = "000000000000"
ROOT = ("test", "secret", None)
USER = AccessKey("of-ada", OWN, "AIDA", f"arn:aws:iam::{OWN}:user/ada")
ROLE = RoleSession(f"arn:aws:iam::{OWN}:role/team/reader", "f")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TARGET = {"X-Amz-Target": "DynamoDB_20120810.ListTables"}
FAMILIES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "json": ("dynamodb", TARGET),
    "query": ("sns", FORM),
    "rest": ("lambda", {}),
    "s3": ("s3", {}),
}


async def find_key(access_key: str) -> AccessKey | None:
    return USER if access_key == "AKIAADAADAADAADAADA0" else None


class Rig:
    """Signers with a clock to move."""

    def __init__(self, *, is_strict: bool = True) -> None:
        self.clock = SteppingClock()
        keys = Keys(OWN, "secret", ISSUER, find_key)
        self.signers = Signers(self.clock, keys, bucket_in, is_strict=is_strict)

    def caller(self, request: Request, family: Family | None = None) -> Caller:
        found = asyncio.run(self.signers.caller(request, family))
        at_once = self.signers.caller_at_once(request, family)
        assert at_once == found, "it is known from then on"
        return found

    def refusal(self, request: Request, family: Family | None = None) -> BadSignature:
        with pytest.raises(BadSignature) as caught:
            asyncio.run(self.signers.caller(request, family))
        return caught.value


def signed(
    service: str,
    headers: Mapping[str, str] = {},
    key: tuple[str, str, str | None] = ROOT,
    path: str = "/a",
    auth: Any = None,
    **changed: str | None,
) -> Request:
    """changed: headers after that, None: without."""
    url = f"http://localhost:9000{path}"
    method, data = ("POST", b"body") if auth is None else ("GET", b"")
    made = AWSRequest(method, url, data=data, headers={"Host": "localhost:9000", **headers})
    (auth or (S3SigV4Auth if service == "s3" else SigV4Auth))(Credentials(*key), service, "us-east-1").add_auth(made)
    told = {name.lower(): str(value) for name, value in made.headers.items()}
    for name, value in changed.items():
        told[name.replace("_", "-")] = value or ""
    target = made.prepare().url.removeprefix("http://localhost:9000")
    return asked(f"{method} {target}", data, {name: value for name, value in told.items() if value})


def expiring(expires: object) -> Any:
    """In the query, beforehand."""
    return lambda *key: S3SigV4QueryAuth(*key, expires=expires)


@pytest.mark.parametrize(
    ("family", "unknown", "wrong", "late"),
    [
        (
            "json",
            ("UnrecognizedClientException", 400),
            ("InvalidSignatureException", 400),
            ("InvalidSignatureException", 400),
        ),
        ("query", ("InvalidClientTokenId", 403), ("SignatureDoesNotMatch", 403), ("SignatureDoesNotMatch", 403)),
        (
            "rest",
            ("UnrecognizedClientException", 403),
            ("InvalidSignatureException", 403),
            ("InvalidSignatureException", 403),
        ),
        ("s3", ("InvalidAccessKeyId", 403), ("SignatureDoesNotMatch", 403), ("RequestTimeTooSkewed", 403)),
    ],
)
def test_each_family_has_its_own_code(
    family: str, unknown: tuple[str, int], wrong: tuple[str, int], late: tuple[str, int]
) -> None:
    rig = Rig()
    service, headers = FAMILIES[family]

    assert rig.caller(signed(service, headers)).arn == f"arn:aws:iam::{OWN}:root"
    found = [
        rig.refusal(signed(service, headers, ("AKIANOBODY", "secret", None))),
        rig.refusal(signed(service, headers, ("test", "other", None))),
    ]
    rig.clock.set_wall(901)
    found.append(rig.refusal(signed(service, headers)))
    assert [(error.code, error.status) for error in found] == [unknown, wrong, late]


@pytest.mark.parametrize(
    ("family", "expired", "other"),
    [
        ("json", ("ExpiredTokenException", 400), ("UnrecognizedClientException", 400)),
        ("query", ("ExpiredToken", 403), ("InvalidClientTokenId", 403)),
        ("rest", ("ExpiredTokenException", 403), ("UnrecognizedClientException", 403)),
        ("s3", ("ExpiredToken", 400), ("InvalidAccessKeyId", 403)),
    ],
)
def test_a_session_that_is_over_and_one_without_its_token(
    family: str, expired: tuple[str, int], other: tuple[str, int]
) -> None:
    rig = Rig()
    service, headers = FAMILIES[family]
    until_s = rig.clock.now_s() + 60
    session = Session("ASIASESSION", "session", OWN, "arn:aws:sts::1:assumed-role/r/s", "A:s", "0f", "arn", until_s)
    made = ISSUER.credentials(session)
    request = signed(service, headers, (made.access_key, made.secret, made.token))

    caller = rig.caller(request)
    bare = rig.refusal(signed(service, headers, (made.access_key, made.secret, None)))
    rig.clock.set_wall(61)
    over = rig.refusal(request)

    assert (caller.kind, caller.principal_arn) == (CallerKind.SESSION, "arn")
    assert [(one.code, one.status) for one in (over, bare)] == [expired, other]


def test_a_signature_is_of_now_in_the_words_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    request = signed("lambda")
    rig.clock.set_wall(301)
    expired = rig.refusal(request).text or ""
    rig = Rig()
    now = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now() + timedelta(seconds=302))
    early = rig.refusal(signed("lambda")).text or ""

    assert expired.startswith("Signature expired: 20")
    assert expired.endswith("Z - 5 min.)")
    assert early.startswith("Signature not yet current: 20")
    assert " is still later than 20" in early
    assert early.endswith("Z + 5 min.)")


@pytest.mark.parametrize(
    ("authorization", "missing"),
    [
        ("Bearer x", "Credential Signature SignedHeaders"),
        ("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request", "Signature SignedHeaders"),
        (
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, Signature=0",
            "SignedHeaders",
        ),
    ],
)
def test_what_of_it_is_missing_is_said(authorization: str, missing: str) -> None:
    error = Rig().refusal(asked("GET /a", headers={"Authorization": authorization, "X-Amz-Date": "20260101T000000Z"}))

    assert (error.code, error.status) == ("IncompleteSignatureException", 403)
    said = [f"Authorization header requires '{name}' parameter." for name in missing.split()]
    assert (error.text or "").startswith(" ".join([*said, "(Hashed with SHA-256 and encoded with Base64) Author"]))


@pytest.mark.parametrize(
    ("make", "code", "text"),
    [
        (
            lambda: signed("s3", x_amz_acl="private"),
            "AccessDenied",
            "There were headers present in the request which were not",
        ),
        (
            lambda: signed("s3", x_amz_content_sha256=None),
            "InvalidRequest",
            "Missing required header for this request: x-amz-",
        ),
        (
            lambda: signed("s3", x_amz_content_sha256="STREAMING-ANY"),
            "SignatureDoesNotMatch",
            "The request signature we",
        ),
        (lambda: signed("s3", auth=expiring(604801)), "AuthorizationQueryParametersError", "X"),
        (lambda: signed("s3", auth=expiring("x")), "AuthorizationQueryParametersError", "X"),
        (lambda: signed("s3", auth=expiring(-1)), "AuthorizationQueryParametersError", "X"),
        (
            lambda: signed("s3", authorization="AWS4-HMAC-SHA256 a"),
            "AuthorizationHeaderMalformed",
            "The authorization header",
        ),
        (lambda: signed("s3", authorization="Basic a"), "InvalidArgument", "Unsupported Authorization Type"),
        (
            lambda: signed("s3", x_amz_date="today"),
            "AccessDenied",
            "AWS authentication requires a valid Date or x-amz-date",
        ),
        (
            lambda: signed("s3", x_amz_date="20200101T000000Z"),
            "AuthorizationHeaderMalformed",
            "The authorization header is",
        ),
    ],
)
def test_s3_has_words_of_its_own(make: Callable[[], Request], code: str, text: str) -> None:
    error = Rig().refusal(make(), Family.S3)

    assert error.code == code
    assert (error.text or "").startswith(text)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: signed("lambda", x_amz_date="20200101T000000Z"),
            "Date in Credential scope does not match YYYYMMDD from ISO-8601",
        ),
        (lambda: signed("lambda", x_amz_date="today"), "Date must be in ISO-8601 'basic format'. Got 'today'."),
        (
            lambda: signed("lambda", host="other:1"),
            "The request signature we calculated does not match the signature you provided",
        ),
        (
            lambda: signed("lambda", content_type="x", x_amz_content_sha256="UNSIGNED"),
            "The request signature we calculated",
        ),
    ],
)
def test_other_services_have_words_in_common(make: Callable[[], Request], text: str) -> None:
    assert (Rig().refusal(make()).text or "").startswith(text)


def test_who_does_not_match_is_told_what_we_made_of_it() -> None:
    text = Rig().refusal(signed("lambda", key=("test", "other", None))).text or ""

    assert "The Canonical String for this request should have been\n'POST\n/a\n\nhost:localhost:9000\n" in text
    assert "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n" in text


def test_version_2_is_s3s_alone() -> None:
    request = asked("GET /a", headers={"Authorization": "AWS test:x", "Date": "Tue, 27 Mar 2007 19:36:42 +0000"})

    assert Rig().refusal(request).code == "IncompleteSignatureException"
    assert Rig().refusal(request, Family.S3).code == "RequestTimeTooSkewed"


def test_users_and_roles_are_who_they_are() -> None:
    rig, made = Rig(), ISSUER.of_role(OWN, "0f", ROLE)

    ada = rig.caller(signed("lambda", key=("AKIAADAADAADAADAADA0", "of-ada", None)))
    role = rig.caller(signed("lambda", key=(made.access_key, made.secret, made.token)))

    assert (ada.kind, ada.arn, ada.user_id) == (CallerKind.USER, USER.arn, "AIDA")
    assert role.arn == f"arn:aws:sts::{OWN}:assumed-role/reader/f"
    assert (role.principal_arn, role.account) == (ROLE.role, OWN)


@pytest.mark.parametrize("secret", ["secret", "other"])
def test_where_nothing_is_checked_a_key_is_its_accounts(secret: str) -> None:
    rig = Rig(is_strict=False)

    assert rig.caller(signed("lambda", key=("210987654321", secret, None))).account == "210987654321"
    assert rig.caller(signed("lambda", key=("AKIAIOSFODNN7EXAMPLE", secret, None))).arn == f"arn:aws:iam::{OWN}:root"
    assert rig.caller(asked("GET /", headers={"Authorization": "Bearer x"})) is ANONYMOUS


HOST = {"Host": "localhost"}


@given(
    st.binary(max_size=300),
    st.sampled_from(["GET /a", "GET /?X-Amz-Signature=1", "POST /?AWSAccessKeyId=a&Signature="]),
)
def test_whatever_stands_in_it_is_refused_and_no_mistake(said: bytes, line: str) -> None:
    text = said.decode("latin-1")
    query = "".join(letter for letter in text if letter.isalnum() or letter in "&=%+-")
    for family in Family:
        for request in (
            asked(line, headers=HOST | {"Authorization": f"AWS4-HMAC-SHA256 {text}"}),
            asked(line, headers=HOST | {"Authorization": f"AWS {text}", "X-Amz-Security-Token": text}),
            asked(f"{line}&{query}", headers=HOST | {"X-Amz-Date": text}),
        ):
            try:
                assert Rig().caller(request, family) is ANONYMOUS
            except BadSignature:
                continue


@pytest.mark.parametrize("part", [";a", "a=b,", "Credential=a ", "%41", "a&"])
def test_a_longer_signature_costs_as_much_more(part: str) -> None:
    def cost(count: int) -> float:
        said = f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, Signature={'0' * 64}, "
        header = asked("GET /a", headers=HOST | {"Authorization": said + "SignedHeaders=host" + part * count})
        query = asked(f"GET /a?X-Amz-Signature=0&{part * count}", headers=HOST)
        return cpu_s(lambda: [Rig().refusal(one) for one in (header, query)])

    assert times_as_much(lambda: cost(8000), lambda: cost(2000), 8) < 8


MOMENTS = [
    "99999999T999999Z",
    "00000101T000000Z",
    "20261301T000000Z",
    "99991231T999999Z",
    "20260299T000000Z",
    "0",
    "\xff",
]
DATES = [
    *("1 Jan 99999 00:00:00 +0000", "1 Jan 99999 00:00:00", "32 Foo 2020 99:99:99 GMT", "\x01"),
    f"1 Jan 2020 {'9' * 20}:00:00 +0000",
    f"1 Jan 2020 00:00:00 +{'9' * 20}",
]


@pytest.mark.parametrize("moment", MOMENTS, ids=ascii)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_moment_that_no_calendar_has_is_refused(family: str, moment: str) -> None:
    rig = Rig()
    service, headers = FAMILIES[family]

    assert rig.refusal(signed(service, headers, x_amz_date=moment)).status in (400, 403)

    if family == "s3":
        early = signed("s3", auth=expiring(60))
        at = early.query.index(b"X-Amz-Date=") + len(b"X-Amz-Date=")
        early.query = early.query[:at] + moment.encode() + early.query[at + 16 :]
        assert rig.refusal(early).status in (400, 403)


@pytest.mark.parametrize("date", DATES, ids=ascii)
def test_a_date_of_version_2_that_no_calendar_has_is_refused(date: str) -> None:
    request = asked("GET /bucket/key", b"", {"authorization": "AWS test:c2lnbmVk", "date": date})

    assert Rig().refusal(request, Family.S3).status == 403
    for expires in ("-" + "9" * 12, "9" * 13, "x", ""):
        beforehand = asked(f"GET /bucket/key?AWSAccessKeyId=test&Signature=x&Expires={expires}", b"")
        assert Rig().refusal(beforehand, Family.S3).status in (400, 403)
