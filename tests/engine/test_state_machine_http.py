"""HTTP tasks: state machines ask anybody by HTTP, with the credentials of a connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest
from machines_rig import ROLE, Machines, machines
from server_rig import Exchange, body_of, http_server, send
from services_rig import ACCOUNT, lam, sdk

__all__ = ["lam", "machines"]

BASIC = {"BasicAuthParameters": {"Username": "ada", "Password": "secret"}}
ADA = "Basic YWRhOnNlY3JldA=="
ADDS = {
    "HeaderParameters": [{"Key": "X-Shop", "Value": "hidden", "IsValueSecret": True}],
    "QueryStringParameters": [{"Key": "v", "Value": "2"}],
    "BodyParameters": [{"Key": "key", "Value": "k"}],
}


class Shop:
    """Somebody who is asked, and what was."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []

    def answer(self, exchange: Exchange) -> None:
        parts, body = urlsplit(exchange.path), body_of(exchange).decode()
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        said = {"method": exchange.command, "path": parts.path, "query": parse_qs(parts.query), "headers": headers}
        self.asked.append({**said, "body": body})
        if parts.path == "/token":
            send(exchange, json.dumps({"access_token": "t", "expires_in": 3600}).encode())
        else:
            send(exchange, b'{"ok":true}', 404 if parts.path == "/absent" else 200)


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    with http_server(shop.answer) as url:
        shop.url = url
        yield shop


def _connection(machines: Machines, name: str, type: str = "BASIC", parameters: Any = BASIC, **more: Any) -> str:
    events = sdk(machines.lam, "events")
    made = events.create_connection(Name=name, AuthorizationType=type, AuthParameters={**parameters, **more})
    return str(made["ConnectionArn"])


def _task(url: str, connection: str, method: str = "POST", **parameters: Any) -> dict[str, Any]:
    asked = {"ApiEndpoint": url, "Method": method, "Authentication": {"ConnectionArn": connection}, **parameters}
    return {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": asked, "End": True}


def test_anybody_is_asked_with_what_a_connection_adds(machines: Machines, shop: Shop) -> None:
    connection = _connection(machines, "adds", InvocationHttpParameters=ADDS)
    body: dict[str, Any] = {"RequestBody": {"n.$": "$.n"}, "Headers": {"X-Own": "1"}, "QueryParameters": {"q": "a b"}}
    machine = machines.create("posts", {"Ask": _task(f"{shop.url}/orders?o=1", connection, **body)})

    output = machines.output(machine, {"n": 5})

    assert (output["StatusCode"], output["StatusText"], output["ResponseBody"]) == (200, "OK", {"ok": True})
    (got,) = shop.asked
    assert (got["method"], got["path"], got["query"]) == ("POST", "/orders", {"o": ["1"], "q": ["a b"], "v": ["2"]})
    assert json.loads(got["body"]) == {"n": 5, "key": "k"}
    sent = [got["headers"][name] for name in ("authorization", "x-shop", "x-own", "user-agent", "range")]
    assert sent == [ADA, "hidden", "1", "Amazon|StepFunctions|HttpInvoke|us-east-1", "bytes=0-262144"]


def test_a_token_is_asked_for_once(machines: Machines, shop: Shop) -> None:
    client = {"ClientID": "id", "ClientSecret": "secret"}
    oauth = {"AuthorizationEndpoint": f"{shop.url}/token", "HttpMethod": "POST", "ClientParameters": client}
    connection = _connection(machines, "oauth", "OAUTH_CLIENT_CREDENTIALS", {"OAuthParameters": oauth})
    machine = machines.create("tokens", {"Ask": _task(f"{shop.url}/a", connection, "GET")})

    for _ in range(2):
        machines.output(machine)

    assert [one["path"] for one in shop.asked] == ["/token", "/a", "/a"]
    assert shop.asked[1]["headers"]["authorization"] == "Bearer t"


def test_a_form_is_sent_where_that_is_wanted(machines: Machines, shop: Shop) -> None:
    connection = _connection(
        machines, "forms", "API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "K", "ApiKeyValue": "v"}}
    )
    body = {"a": {"b": 1}, "c": ["x", "y"]}
    machine = machines.create(
        "forms",
        {"Ask": _task(f"{shop.url}/f", connection, RequestBody=body, Transform={"RequestBodyEncoding": "URL_ENCODED"})},
    )

    machines.output(machine)

    (got,) = shop.asked
    assert parse_qs(got["body"]) == {"a[b]": ["1"], "c[0]": ["x"], "c[1]": ["y"]}
    assert (got["headers"]["k"], got["headers"]["content-type"]) == ("v", "application/x-www-form-urlencoded")


def test_what_fails_has_awss_name(machines: Machines, shop: Shop) -> None:
    connection, none = _connection(machines, "fails"), f"arn:aws:events:us-east-1:{ACCOUNT}:connection/none/1"
    tasks = {
        "States.Http.StatusCode.404": _task(f"{shop.url}/absent", connection),
        "States.Http.Socket": _task("http://127.0.0.1:1/", connection),
        "Events.ConnectionResource.ResourceNotFound": _task(shop.url, none),
        "States.Runtime": _task(shop.url, connection, Headers={"Host": "other"}),
    }

    errors = {machines.run(machines.create(f"fails-{n}", {"A": tasks[name]}))["error"] for n, name in enumerate(tasks)}
    sdk(machines.lam, "events").deauthorize_connection(Name="fails")
    ended = machines.run(machines.create("fails-late", {"A": tasks["States.Http.StatusCode.404"]}))

    assert errors == set(tasks)
    assert ended["error"] == "Events.ConnectionResource.InvalidConnectionState"


def test_what_fails_so_is_caught_in_a_branch_and_behind_it(machines: Machines, shop: Shop) -> None:
    absent = _task(f"{shop.url}/absent", _connection(machines, "caught"))
    done = {"Type": "Pass", "Result": "caught", "End": True}
    catch = [{"ErrorEquals": ["States.Http.StatusCode.404"], "Next": "C"}]
    inside = {"StartAt": "A", "States": {"A": absent | {"Catch": catch}, "C": done}}
    outside = {"StartAt": "B", "States": {"B": absent}}

    outputs = [
        machines.output(machines.create(name, {"P": both | {"Catch": catch}, "C": done}))
        for name, both in (
            ("caught-inside", {"Type": "Parallel", "Branches": [inside], "End": True}),
            ("caught-outside", {"Type": "Parallel", "Branches": [outside], "End": True}),
        )
    ]

    assert outputs == [["caught"], "caught"]


def test_a_test_of_it_shows_what_was_sent_and_secrets_if_they_are_wanted(machines: Machines, shop: Shop) -> None:
    connection = _connection(machines, "traced", InvocationHttpParameters=ADDS)
    asked = {"definition": json.dumps(_task(f"{shop.url}/t", connection, "GET")), "roleArn": ROLE, "input": "{}"}

    def traced(**members: Any) -> Any:
        return machines.states.test_state(**asked, **members)["inspectionData"]

    hidden, shown = traced(inspectionLevel="TRACE"), traced(inspectionLevel="TRACE", revealSecrets=True)

    assert (hidden["request"]["method"], hidden["request"]["url"]) == ("GET", f"{shop.url}/t")
    assert "hidden" not in json.dumps(hidden["request"])
    assert ADA not in json.dumps(hidden["request"])
    assert f"Authorization: {ADA}" in shown["request"]["headers"]
    assert shown["request"]["url"].endswith("/t?v=2")
    response = hidden["response"]
    assert (response["statusCode"], response["statusMessage"], response["body"]) == ("200", "OK", '{"ok":true}')
    assert "request" not in traced(inspectionLevel="DEBUG")


def test_nobody_else_is_told_what_a_connection_holds(machines: Machines) -> None:
    connection, endpoint = _connection(machines, "secret"), sdk(machines.lam, "events").meta.endpoint_url
    body = json.dumps({"ConnectionArn": connection, "Ticket": "guessed"}).encode()
    headers = {"X-Amz-Target": "AWSEvents.RetrieveConnectionCredentials", "Content-Type": "application/x-amz-json-1.1"}

    with pytest.raises(HTTPError) as refused:
        urlopen(Request(endpoint, body, headers), timeout=10)

    assert json.loads(refused.value.read())["__type"] == "UnknownOperationException"
