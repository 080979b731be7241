"""What authorizers of HTTP APIs say, as rules. docs/contract/events.md#http-apis."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jwk
from joserfc import jwt as jose
from msgspec.structs import replace

from lambda_emu.http.message import Head
from lambda_emu.triggers.execute_api.refusals import ApiFailure, Forbidden
from lambda_emu.triggers.http_apis.api import Authorizer
from lambda_emu.triggers.http_apis.identity import IdentityInput, identity_values
from lambda_emu.triggers.http_apis.issuers import UnknownKey, signed_claims
from lambda_emu.triggers.http_apis.jwt import (
    BadToken,
    VerifiedToken,
    check_claims,
    check_scopes,
    token_context,
    token_in,
)
from lambda_emu.triggers.http_apis.lambda_authorizers import read_answer

ISSUER = "https://issuer.test/"
JWT = Authorizer("a", "JWT", ("$request.header.Authorization",), ISSUER, ("me", "you"), "", "", False, 0, None)
REQUEST = replace(JWT, kind="REQUEST", payload_format="2.0")
ARN = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/items/7"
NOW_S = 1_000_000.0
NOT_SIMPLE: list[Any] = [
    {},
    {"isAuthorized": "true"},
    {"isAuthorized": 1},
    [],
    None,
    {"isAuthorized": True, "context": []},
]
GOOD: dict[str, Any] = {"iss": ISSUER, "aud": "me", "exp": NOW_S + 60}


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        (GOOD, None),
        (GOOD | {"aud": ["x", "you"]}, None),
        ({"iss": ISSUER, "client_id": "me", "exp": NOW_S + 1}, None),
        (GOOD | {"nbf": NOW_S, "iat": NOW_S - 1}, None),
        (GOOD | {"iss": "https://other.test/"}, "issuer"),
        (GOOD | {"aud": "x", "client_id": "me"}, "audience"),
        ({"iss": ISSUER, "exp": NOW_S + 1}, "audience"),
        (GOOD | {"aud": {"me": 1}}, "audience"),
        (GOOD | {"exp": NOW_S}, "expired"),
        ({"iss": ISSUER, "aud": "me"}, "expired"),
        (GOOD | {"exp": "soon"}, "no time"),
        (GOOD | {"exp": True}, "no time"),
        (GOOD | {"nbf": NOW_S + 1}, "not valid yet"),
        (GOOD | {"iat": NOW_S + 1}, "future"),
    ],
)
def test_a_token_is_good_by_its_issuer_audience_and_times(claims: dict[str, Any], why: str | None) -> None:
    if why is None:
        assert check_claims(claims, JWT, NOW_S).until_s == claims["exp"]
    else:
        with pytest.raises(BadToken, match=why):
            check_claims(claims, JWT, NOW_S)


@pytest.mark.parametrize("claims", [{"scope": "a b"}, {"scp": ["b"]}, {"scope": "", "scp": "b c"}])
def test_one_scope_of_the_route_is_enough(claims: dict[str, Any]) -> None:
    verified = VerifiedToken(claims, NOW_S)

    check_scopes(verified, ())
    check_scopes(verified, ("x", "b"))
    with pytest.raises(Forbidden) as refused:
        check_scopes(verified, ("x", "y"))

    assert refused.value.challenge == 'Bearer scope="x y" error="insufficient_scope"'


def test_claims_are_told_as_texts() -> None:
    claims = {"sub": "1", "exp": 1583798639, "ok": True, "groups": ["a", "b"], "iat": 1.0, "no": None}

    assert token_context(VerifiedToken(claims, 0), ()) == {
        "jwt": {
            "claims": {"sub": "1", "exp": "1583798639", "ok": "true", "groups": "[a b]", "iat": "1", "no": "None"},
            "scopes": None,
        }
    }
    assert token_context(VerifiedToken({"scope": "a b"}, 0), ("a",))["jwt"]["scopes"] == ["a", "b"]


@pytest.mark.parametrize("value", ["abc", "Bearer abc", "bearer  abc ", "BEARER abc"])
def test_a_token_comes_with_its_kind_or_without(value: str) -> None:
    assert token_in(value) == "abc"


def test_a_signature_is_that_of_one_of_the_issuers_keys() -> None:
    one, other = (jwk.RSAKey.generate_key(2048, {"kid": kid}) for kid in "ab")
    told_keys = (json.dumps({"keys": [one.as_dict(private=False)]}).encode(),)
    token = jose.encode({"alg": "RS256", "kid": "a"}, GOOD, one)
    head, body, signature = token.split(".")

    assert signed_claims(token, told_keys) == GOOD
    with pytest.raises(UnknownKey):
        signed_claims(jose.encode({"alg": "RS256", "kid": "b"}, GOOD, other), told_keys)
    forged: tuple[str, ...] = (
        jose.encode({"alg": "RS256", "kid": "a"}, GOOD, other),
        jose.encode({"alg": "HS256", "kid": "a"}, GOOD, jwk.OctKey.import_key("x" * 32)),
        f"{head}.{body[:-2]}AA.{signature}",
        *("", "a.b.c", "....", f"{head}..", "e30.e30.", f"{head}.{'e' * 9000}.{signature}"),
    )
    for bad in forged:
        with pytest.raises(BadToken):
            signed_claims(bad, told_keys)
    for keys in (b"{}", b"[]", b"no", b'{"keys": [{}]}', b'{"keys": [1]}', b'{"keys": [{"kty": "RSA", "kid": "a"}]}'):
        with pytest.raises((BadToken, UnknownKey)):
            signed_claims(token, (keys,))


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ({"isAuthorized": True}, True),
        ({"isAuthorized": False, "context": {"a": 1}}, False),
        *((said, None) for said in NOT_SIMPLE),
    ],
)
def test_a_simple_answer_says_true_or_false(said: Any, allowed: bool | None) -> None:
    authorizer = replace(REQUEST, is_simple=True)
    if allowed is None:
        with pytest.raises(ApiFailure):
            read_answer(json.dumps(said).encode(), authorizer, 0)
    else:
        assert read_answer(json.dumps(said).encode(), authorizer, 0).allows(ARN) is allowed


def statement(effect: str = "Allow", action: Any = "execute-api:Invoke", resource: Any = ARN, **more: Any) -> Any:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([statement()], True),
        (statement(), True),
        ([statement(resource="*")], True),
        ([statement(action=["s3:*", "EXECUTE-API:*"])], True),
        ([statement(resource="arn:aws:execute-api:*:*:abc/*/GET/items/*")], True),
        ([statement(), statement("Deny", resource="*")], False),
        ([statement("Deny")], False),
        ([], False),
        ([statement(resource=ARN.replace("GET", "PUT"))], False),
        ([statement(resource=ARN[:-1] + "[0-9]")], False),
        ([statement(action="execute-api:ManageConnections")], False),
        ([statement(Condition={"StringEquals": {"a": "b"}})], False),
        (None, None),
        ("x", None),
        ([{"Effect": "Allow"}], None),
        ([statement("Maybe")], None),
    ],
)
def test_a_policy_allows_what_it_names_and_no_statement_denies(statements: Any, allowed: bool | None) -> None:
    said = json.dumps(
        {"principalId": "me", "policyDocument": {"Statement": statements}, "context": {"a": "b"}}
    ).encode()
    if allowed is None:
        with pytest.raises(ApiFailure):
            read_answer(said, REQUEST, 0)
    else:
        assert read_answer(said, REQUEST, 0).allows(ARN) is allowed
        assert read_answer(said, replace(REQUEST, payload_format="1.0"), 0).context == {"a": "b", "principalId": "me"}


def test_identity_comes_from_where_its_sources_say() -> None:
    head = Head(b"GET", b"/", [(b"x-a", b"1"), (b"empty", b"")], "1.1", True)
    context = {"http": {"method": "GET"}, "stage": "dev"}
    facts = IdentityInput(head, b"q=2&q=3&e=", {"v": "4"}, context)

    def values(*sources: str) -> tuple[str, ...] | None:
        return identity_values(sources, facts)

    sources = ("$request.header.X-A", "$request.querystring.q", "$stageVariables.v", "$context.http.method")
    assert values(*sources) == ("1", "2,3", "4", "GET")
    assert values() == ()
    for missing in (
        "$request.header.b",
        "$request.header.empty",
        "$request.querystring.e",
        "$context.http",
        "what",
        "",
    ):
        assert values("$request.header.X-A", missing) is None
