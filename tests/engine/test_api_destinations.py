"""API destinations: rules ask anybody by HTTP, as connections say. docs/services.md#eventbridge."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError
from rules_rig import OURS, Account, account, emulated
from server_rig import Exchange, body_of, http_server, send
from waiting import eventually

__all__ = ["account", "emulated"]  # fixtures
ROLE = "arn:aws:iam::000000000000:role/rules"


@dataclass
class Shop:
    """Somebody who is asked. answers: statuses of the next ones, 200 when there are none. asked: all that was."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, exchange: Exchange) -> None:
        parts, body = urlsplit(exchange.path), body_of(exchange).decode()
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        said = {"method": exchange.command, "path": parts.path, "query": parse_qs(parts.query), "headers": headers}
        self.asked.append({**said, "body": body, "at_s": monotonic()})
        if parts.path == "/token":
            tokens = sum(one["path"] == "/token" for one in self.asked)
            send(exchange, json.dumps({"access_token": f"token-{tokens}", "expires_in": 3600}).encode())
        else:
            send(exchange, b"{}", self.answers.pop(0) if self.answers else 200)

    def orders(self) -> list[dict[str, Any]]:
        """What was asked but tokens."""
        return [one for one in self.asked if one["path"] != "/token"]


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    with http_server(shop.answer) as url:
        shop.url = url
        yield shop


def connect(account: Account, type: str, parameters: Any, **more: Any) -> str:
    """The ARN of a connection."""
    made = account.events.create_connection(Name="c", AuthorizationType=type, AuthParameters={**parameters, **more})
    return str(made["ConnectionArn"])


def destination(account: Account, connection: str, endpoint: str, method: str = "POST", **more: Any) -> str:
    """The ARN of an API destination."""
    made = account.events.create_api_destination(
        Name="d", ConnectionArn=connection, InvocationEndpoint=endpoint, HttpMethod=method, **more
    )
    assert made["ApiDestinationState"] == "ACTIVE"
    return str(made["ApiDestinationArn"])


BASIC = {"BasicAuthParameters": {"Username": "ada", "Password": "secret"}}


def test_an_event_is_posted_with_what_connection_and_target_say(account: Account, shop: Shop) -> None:
    adds = {
        "HeaderParameters": [{"Key": "X-Shop", "Value": "one", "IsValueSecret": True}],
        "QueryStringParameters": [{"Key": "v", "Value": "2"}],
        "BodyParameters": [{"Key": "key", "Value": "hidden", "IsValueSecret": True}],
    }
    arn = destination(account, connect(account, "BASIC", BASIC, InvocationHttpParameters=adds), f"{shop.url}/orders/*")
    http = {
        "PathParameterValues": ["$.detail.id"],
        "HeaderParameters": {"X-Source": "$.source"},
        "QueryStringParameters": {"q": "a b"},
    }
    account.rule("r", OURS, {"Id": "1", "Arn": arn, "RoleArn": ROLE, "HttpParameters": http, "InputPath": "$.detail"})

    account.put({"id": "7/8", "n": 1.50})

    (got,) = eventually(shop.orders, "the request")
    assert (got["method"], got["path"], got["query"]) == ("POST", "/orders/7%2F8", {"q": ["a b"], "v": ["2"]})
    assert json.loads(got["body"]) == {"id": "7/8", "n": 1.5, "key": "hidden"}
    assert got["headers"]["authorization"] == "Basic " + b64encode(b"ada:secret").decode()
    wanted = {"x-shop": "one", "x-source": "shop", "content-type": "application/json; charset=utf-8"}
    assert {name: got["headers"][name] for name in wanted} == wanted


def test_a_connection_gives_a_key_or_a_token_that_is_kept_until_it_is_refused(account: Account, shop: Shop) -> None:
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "k"}}
    connection = connect(account, "API_KEY", key)
    account.rule("r", OURS, {"Id": "1", "Arn": destination(account, connection, f"{shop.url}/a"), "RoleArn": ROLE})
    account.put({})
    (got,) = eventually(shop.orders, "the request with a key")
    assert got["headers"]["x-key"] == "k"
    oauth = {
        "ClientParameters": {"ClientID": "me", "ClientSecret": "mine"},
        "AuthorizationEndpoint": f"{shop.url}/token",
        "HttpMethod": "POST",
        "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "orders"}]},
    }
    account.events.update_connection(
        Name="c", AuthorizationType="OAUTH_CLIENT_CREDENTIALS", AuthParameters={"OAuthParameters": oauth}
    )

    account.put({})
    eventually(lambda: len(shop.orders()) == 2, "the first with a token")
    shop.answers = [401]
    account.put({})
    eventually(lambda: len(shop.orders()) == 3, "one that is refused")
    account.lam.pass_time(2)
    eventually(lambda: len(shop.orders()) == 4, "the same with another token")

    tokens = [one for one in shop.asked if one["path"] == "/token"]
    assert parse_qs(tokens[0]["body"]) == {
        "grant_type": ["client_credentials"],
        "client_id": ["me"],
        "client_secret": ["mine"],
        "scope": ["orders"],
    }
    bearers = [one["headers"].get("authorization") for one in shop.orders()[1:]]
    assert bearers == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_what_is_refused_for_good_is_a_dead_letter_and_what_is_busy_comes_again(account: Account, shop: Shop) -> None:
    arn = destination(account, connect(account, "BASIC", BASIC), shop.url)
    letters = {"DeadLetterConfig": {"Arn": account.queue("letters")}}
    account.rule("r", OURS, {"Id": "1", "Arn": arn, "RoleArn": ROLE, **letters})

    shop.answers = [503, 200, 404]
    account.put({"n": 1})
    eventually(shop.orders, "the first time")
    account.lam.pass_time(2)
    eventually(lambda: len(shop.orders()) == 2, "the second time")
    account.put({"n": 2})

    (letter,) = eventually(lambda: account.receive("letters"), "the dead letter")
    assert json.loads(letter["Body"])["detail"] == {"n": 2}
    assert "answered 404" in letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


def test_no_destination_is_asked_more_often_than_it_says(account: Account, shop: Shop) -> None:
    arn = destination(account, connect(account, "BASIC", BASIC), shop.url, InvocationRateLimitPerSecond=10)
    account.rule("r", OURS, {"Id": "1", "Arn": arn, "RoleArn": ROLE})

    for number in range(6):
        account.put({"n": number})

    eventually(lambda: len(shop.orders()) == 6, "all")
    times_s = sorted(one["at_s"] for one in shop.orders())
    assert times_s[-1] - times_s[0] > 0.4


def test_secrets_are_never_shown_and_forgotten_when_it_is_said(account: Account) -> None:
    secret = [{"Key": "k", "Value": "hidden", "IsValueSecret": True}, {"Key": "o", "Value": "open"}]
    connection = connect(account, "BASIC", BASIC, InvocationHttpParameters={"HeaderParameters": secret})
    events = account.events

    found = events.describe_connection(Name="c")

    assert found["AuthParameters"] == {
        "BasicAuthParameters": {"Username": "ada"},
        "InvocationHttpParameters": {
            "HeaderParameters": [{"Key": "k", "IsValueSecret": True}, {"Key": "o", "Value": "open"}]
        },
    }
    assert ":secret:events!connection/c/" in found["SecretArn"]
    assert events.list_connections()["Connections"][0]["ConnectionState"] == "AUTHORIZED"
    destination(account, connection, "https://example.com/")
    assert events.deauthorize_connection(Name="c")["ConnectionState"] == "DEAUTHORIZED"
    assert events.describe_api_destination(Name="d")["ApiDestinationState"] == "INACTIVE"
    assert events.list_api_destinations(ConnectionArn=connection)["ApiDestinations"][0]["HttpMethod"] == "POST"
    events.delete_api_destination(Name="d")
    assert events.delete_connection(Name="c")["ConnectionState"] == "DELETING"
    with pytest.raises(ClientError, match=r"Failed to describe the connection\(s\). Connection 'c' does not exist."):
        events.describe_connection(Name="c")
    with pytest.raises(ClientError, match=r"An api-destination 'd' does not exist."):
        events.describe_api_destination(Name="d")
