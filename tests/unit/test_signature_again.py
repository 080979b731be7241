"""Who asks again is known in less time: what he says alike is hashed once, and whatever differs is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import botocore.auth
import pytest
from signing_rig import ISSUER
from test_signature_refusals import OWN, ROOT, Rig, signed

from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head
from lambda_emu.model.credentials import Session
from lambda_emu.signatures.refusals import BadSignature

OTHER = ("111111111111", "secret", None)


def again(rig: Rig, request: Request) -> str | None:
    """By whom it is, as far as that is known without reading it anew."""
    found = rig.signers.quick_caller(request)
    return None if found is None else found.account


@pytest.fixture
def rig() -> Rig:
    """It has been asked twice, in one second or two."""
    rig = Rig()
    for _ in range(2):
        rig.caller(signed("lambda"))
    return rig


def test_each_second_has_a_first_request_and_more(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    now = botocore.auth.get_current_datetime()
    for second in (3, 3, 7, 7, 3):
        at = now.replace(second=second)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda at=at: at)

        assert again(rig, signed("lambda")) == OWN


def changed(request: Request, **change: Any) -> Request:
    head, path = request.head, change.get("path", request.path)
    headers = change.get("headers", head.headers)
    target = path + (b"?" + change["query"] if "query" in change else b"")
    made = Request(
        Head(change.get("method", head.method), target, headers, "1.1", True), path, change.get("query", b""), ""
    )
    made.body = change.get("body", request.body)
    return made


def with_header(request: Request, name: bytes, value: bytes | None) -> Request:
    kept = [each for each in request.head.headers if each[0] != name]
    return changed(request, headers=kept if value is None else [*kept, (name, value)])


CHANGES: dict[str, Callable[[Request], Request]] = {
    "another body": lambda request: changed(request, body=b"Body"),
    "a large body": lambda request: changed(request, body=b"b" * 5000),
    "no body": lambda request: changed(request, body=b""),
    "another method": lambda request: changed(request, method=b"PUT"),
    "another path": lambda request: changed(request, path=b"/b"),
    "a query": lambda request: changed(request, query=b"b=1"),
    "another host": lambda request: with_header(request, b"host", b"localhost:9001"),
    "no host": lambda request: with_header(request, b"host", None),
    "another date": lambda request: with_header(request, b"x-amz-date", b"20260101T000000Z"),
    "no date": lambda request: with_header(request, b"x-amz-date", None),
    "a token": lambda request: with_header(request, b"x-amz-security-token", b"token"),
    "another digest": lambda request: with_header(request, b"x-amz-content-sha256", b"0" * 64),
    "a header twice": lambda request: changed(request, headers=[*request.head.headers, (b"host", b"localhost:9000")]),
    "another signature": lambda request: with_header(
        request, b"authorization", request.head.first[b"authorization"][:-1] + b"g"
    ),
    "half a signature": lambda request: with_header(
        request, b"authorization", request.head.first[b"authorization"][:-32]
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_differs_is_not_known_by_what_was_alike(rig: Rig, change: str) -> None:
    request = signed("lambda")
    assert again(rig, request) == OWN

    assert again(rig, CHANGES[change](request)) is None
    assert again(rig, request) == OWN


def test_five_minutes_end_it(rig: Rig) -> None:
    request = signed("lambda")
    for ahead_s, who in ((290, OWN), (301, None), (0, OWN), (-290, OWN), (-310, None)):
        rig.clock.set_wall(ahead_s)
        assert again(rig, request) == who
        rig.clock.set_wall(-ahead_s)


def test_the_end_of_a_session_ends_it(rig: Rig) -> None:
    arn, until_s = f"arn:aws:sts::{OWN}:assumed-role/r/s", rig.clock.now_s() + 60
    made = ISSUER.credentials(Session("ASIASESSION", "session", OWN, arn, "A:s", "0f", "arn", until_s))
    request = signed("lambda", key=(made.access_key, made.secret, made.token))
    rig.caller(request)
    assert again(rig, request) == OWN

    rig.clock.set_wall(61)

    assert again(rig, request) is None
    assert rig.refusal(request).code == "ExpiredTokenException"


def test_a_change_of_keys_ends_it(rig: Rig) -> None:
    rig.signers.forget()

    assert again(rig, signed("lambda")) is None


def test_nobody_is_taken_for_another_who_asks_in_the_same_second(rig: Rig) -> None:
    rig.caller(signed("lambda", key=OTHER))

    assert again(rig, signed("lambda", key=OTHER)) == "111111111111"
    assert again(rig, signed("lambda")) == OWN
    assert again(rig, signed("lambda", key=("111111111111", "guessed", None))) is None


def test_who_writes_a_signature_first_is_not_taken_for_another() -> None:
    """Where nothing is checked; no library does."""
    rig = Rig(is_strict=False)
    found = []
    for key in (ROOT, OTHER):
        request = signed("lambda", key=key)
        said = request.head.first[b"authorization"].removeprefix(b"AWS4-HMAC-SHA256 ").split(b", ")
        turned = with_header(request, b"authorization", b"AWS4-HMAC-SHA256 " + b", ".join(reversed(said)))
        found.append(asyncio.run(rig.signers.caller(turned)).account)
        assert again(rig, turned) in (None, found[-1])

    assert found == [OWN, "111111111111"]


def test_strangers_do_not_fill_what_is_kept(rig: Rig) -> None:
    """A thousand guesses leave who signs as known as he was."""
    request = signed("lambda")
    for number in range(1100):
        guessed = with_header(request, b"x-amz-date", b"20260101T%06dZ" % number)
        with pytest.raises(BadSignature):
            asyncio.run(rig.signers.caller(guessed))

    assert again(rig, request) == OWN
