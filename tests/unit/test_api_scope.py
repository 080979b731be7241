"""Whose request it is: every account and region is a namespace of its own. docs/contract/api.md#wire-format, #names."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from api_rig import ACCOUNT, ARN, REGION, ROLE, Api, asked, make_context, signed, zipped
from cost_rig import cpu_s, times_as_much
from hypothesis import given
from hypothesis import strategies as st
from signing_rig import ISSUER

from lambda_emu.api.scope import CallerContexts
from lambda_emu.api.wire.service_model import lambda_model
from lambda_emu.arn import Scope, Target
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.callers import Callers
from lambda_emu.http.message import Head
from lambda_emu.invoke.request import trace_header
from lambda_emu.model.credentials import RoleSession, account_of, session_of
from lambda_emu.text.json_text import check_json

OTHER = "210987654321"
WHOSE = RoleSession("arn:aws:iam::123456789012:role/service/r", "photos")
THEIR_ROLE = ROLE.replace(ACCOUNT, OTHER)
NAMES = "/2015-03-31/functions/"


def seen_by(api: Api, authorization: str | None) -> list[str]:
    """The ARNs of the functions that a caller lists."""
    headers = {"Authorization": authorization or ""}
    found = api.send(f"GET {NAMES}", headers=headers).json["Functions"]
    return [function["FunctionArn"] for function in found]


def test_the_region_is_that_of_the_callers_signature(api: Api) -> None:
    api.created("f")

    assert seen_by(api, signed("any", "eu-west-1")) == []
    assert seen_by(api, signed("any", REGION)) == [f"{ARN}f"]


@pytest.mark.parametrize("key", [OTHER, ISSUER.of_service(OTHER, "0f").access_key])
def test_the_account_is_in_the_callers_access_key(api: Api, key: str) -> None:
    api.created("f")
    code = {"ZipFile": base64.b64encode(zipped({"app.py": ""})).decode()}
    body = {"FunctionName": "f", "Runtime": "python3.13", "Handler": "app.handler", "Role": THEIR_ROLE, "Code": code}

    made = api.send(f"POST {NAMES}", body, {"Authorization": signed(key)})

    arn = f"arn:aws:lambda:{REGION}:{OTHER}:function:f"
    assert made.json["FunctionArn"] == arn
    assert seen_by(api, signed(key)) == [arn]
    assert seen_by(api, signed("any")) == [f"{ARN}f"]


def test_any_other_key_is_the_emulators_own_account(api: Api) -> None:
    api.created("f")

    assert seen_by(api, signed("AKIAIOSFODNN7EXAMPLE")) == seen_by(api, None) == [f"{ARN}f"]


def test_without_a_signature_an_arn_says_where(api: Api) -> None:
    arn = f"arn:aws:lambda:eu-west-1:{OTHER}:function:f"

    refused = api.send(f"GET {NAMES}{arn}", headers={"Authorization": ""})

    assert refused.json["Message"] == f"Function not found: {arn}"


def test_with_one_an_arn_of_another_account_is_refused(api: Api) -> None:
    refused = api.send(f"GET {NAMES}arn:aws:lambda:{REGION}:{OTHER}:function:f")

    assert (refused.status, refused.json) == (403, {"Message": None})


@given(st.integers(0, 10**12 - 1), st.binary(min_size=16, max_size=16))
def test_a_roles_key_holds_its_account(number: int, token: bytes) -> None:
    key = ISSUER.of_service(f"{number:012}", token.hex()).access_key

    assert re.fullmatch("ASIA[A-Z2-7]{16}", key)
    assert account_of(key) == f"{number:012}"


@given(st.from_regex("ASIA[A-Z2-7]{16}", fullmatch=True))
def test_whatever_key_comes_its_account_is_twelve_digits_or_none(key: str) -> None:
    account = account_of(key)

    assert account is None or re.fullmatch("[0-9]{12}", account)


def test_no_member_of_two_roles_credentials_is_the_same() -> None:
    made = [ISSUER.of_role(OTHER, Clock().new_token(), WHOSE).variables() for _ in range(20)]

    for member in made[0]:
        assert len({one[member] for one in made}) == 20


def test_a_session_token_says_whose_it_is_and_no_other_text_does() -> None:
    assert session_of(ISSUER.of_role(OTHER, "0f", WHOSE).token) == WHOSE
    for said in ("", "any", "%", "AA" * 64, ISSUER.of_service(OTHER, "0f").token, 90 * "YWJj"):
        assert session_of(said) is None


def test_an_accounts_number_is_a_key() -> None:
    assert account_of(ACCOUNT) == ACCOUNT


HOST = (b"host", b"localhost")
HOSTILE = [
    "Credential=",
    "a",
    "a:",
    ":",
    "/",
    "arn:aws-",
    "-east",
    "function:",
    "1",
    " ",
    ",",
    "é",
    "[",
    '{"":',
    "%41",
    "a=&",
]


def may_refuse(read: Callable[[str], object], text: str) -> None:
    with suppress(LambdaError):
        read(text)


@pytest.mark.parametrize("piece", HOSTILE)
def test_what_the_loop_reads_of_a_request_costs_no_more_than_its_length(api: Api, piece: str) -> None:
    """Eight times the length is about eight times the work; it was sixty-four times."""
    contexts = CallerContexts(make_context(api.store, Clock(), api.activations))

    def parse(name: str = "f", query: str = "", **headers: str) -> None:
        named = {header.replace("_", "-"): value for header, value in headers.items()}
        request = asked(f"POST /any?{query}", b"", named)
        lambda_model().operation("Invoke").parse(request, {"FunctionName": name})

    readings: dict[str, Callable[[str], object]] = {
        "Authorization": lambda text: contexts.of(
            asked("GET /", headers={"authorization": f"AWS4-HMAC-SHA256 Credential={text}"})
        ),
        "Host": lambda text: Callers().verdict(Head(b"GET", b"/", [(b"host", text.encode())], "1.1", True)),
        "Origin": lambda text: Callers().verdict(Head(b"GET", b"/", [HOST, (b"origin", text.encode())], "1.1", True)),
        "a function's name": parse,
        "the query": lambda text: parse(query=f"Qualifier={text}"),
        "X-Amz-Client-Context": lambda text: parse(x_amz_client_context=text),
        "X-Amz-Tenant-Id": lambda text: parse(x_amz_tenant_id=text),
        "X-Amz-Durable-Execution-Name": lambda text: parse(x_amz_durable_execution_name=text),
        "X-Amzn-Trace-Id": lambda text: trace_header(text, Clock(), Target(Scope(ACCOUNT, REGION).function("f"))),
        "the event": lambda text: check_json(text.encode()),
    }
    for what, read in readings.items():
        short, long = (partial(may_refuse, read, piece * (size // len(piece))) for size in (8_000, 64_000))
        assert times_as_much(partial(cpu_s, long), partial(cpu_s, short), enough=30) < 30, what


def test_a_query_of_very_many_parameters_is_refused(api: Api) -> None:
    api.created("f")

    refused = api.send(f"GET {NAMES}f?" + "a=&" * 300)

    assert (refused.status, refused.json) == (400, {"Message": "The query string has more than 256 parameters"})
