"""Functions call functions, and all of the Lambda API, by SDKs that nobody configured, with any network or none."""

from __future__ import annotations

import pytest
from descriptors_rig import accepted_at, opened
from inside import ANY_NETWORK, FAST, Inside, looker, probe, shared
from lam import Lam, zipped
from own import OwnLam
from packages import node_loop, sdk_for_javascript
from waiting import Eventually

from lambda_emu.gateway.inside import MOST_CONNECTIONS
from lambda_emu.pool.endpoints import PREFIXED

__all__ = ["looker", "shared"]

ECHO = "def handler(event, context):\n    return {'heard': event}\n"
BOTO3 = """
    import boto3
    client = boto3.client("lambda")
"""
CALL = """
    import http.client, os
    from urllib.parse import urlsplit
    there = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    def call(path, method="GET", **headers):
        connection = http.client.HTTPConnection(there.hostname, there.port, timeout=10)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return [answer.status, answer.read().decode()]
"""
SDK = """
const { LambdaClient, InvokeCommand } = require("@aws-sdk/client-lambda");
const client = new LambdaClient();
exports.handler = async (event) => {
  const answer = await client.send(new InvokeCommand({ FunctionName: "echo", Payload: JSON.stringify(event) }));
  return JSON.parse(Buffer.from(answer.Payload));
};
"""


@pytest.mark.parametrize("size", [1, 100_000], ids=["small", "large"])
def test_a_function_calls_a_function_by_boto3(lam: OwnLam, looker: Inside, size: int) -> None:
    lam.create("echo", ECHO)

    answer = looker.run(f"""{BOTO3}
    import json
    result = json.load(client.invoke(FunctionName="echo", Payload=json.dumps("x" * {size}))["Payload"])
    """)

    assert answer == {"heard": "x" * size}


def test_a_function_calls_a_function_by_the_sdk_for_javascript(lam: OwnLam, request: pytest.FixtureRequest) -> None:
    lam.create("echo", ECHO)
    code: dict[str, str | bytes] = {
        "app.js": SDK,
        "bootstrap": node_loop("./app.js"),
        **sdk_for_javascript(request.config),
    }
    is_image = lam.emulator.engine.abilities.name == "docker"
    lam.create("node", code, Runtime="nodejs24.x" if is_image else "provided.al2023", **FAST)

    answer = lam.invoke("node", {"x": 1})

    assert (answer.error, answer.payload) == (None, {"heard": {"x": 1}})


@ANY_NETWORK
def test_events_are_taken_and_functions_made_from_inside(lam: OwnLam, looker: Inside) -> None:
    answer = looker.run(f"""{BOTO3}
    made = client.create_function(
        FunctionName="made", Runtime="python3.11", Handler="app.handler", Role={lam.role!r},
        Code={{"ZipFile": {zipped({"app.py": ECHO})!r}}},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="made")
    taken = client.invoke(FunctionName="made", InvocationType="Event", Payload=b"1")["StatusCode"]
    found = [one["FunctionName"] for one in client.list_functions()["Functions"]]
    client.delete_function(FunctionName="made")
    result = [made["State"], taken, sorted(found)]
    """)

    assert answer == ["Pending", 202, ["looker", "made"]]


@ANY_NETWORK
def test_a_function_is_its_account_inside_too(lam: OwnLam) -> None:
    theirs = Lam(lam.emulator, access_key="210987654321", region="eu-west-1")
    theirs.create("echo", ECHO)
    inside = probe(theirs, **FAST)
    try:
        found = inside.run(f'{BOTO3}\n    result = client.get_function_configuration(FunctionName="echo")')
    finally:
        theirs.close()

    assert found["FunctionArn"] == "arn:aws:lambda:eu-west-1:210987654321:function:echo"


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"AWS_ENDPOINT_URL_LAMBDA": "http://mine:1"}, ["AWS_ENDPOINT_URL"]),
        ({"AWS_ENDPOINT_URL_SFN": "http://mine:1"}, ["AWS_ENDPOINT_URL"]),
        ({"AWS_ENDPOINT_URL": "http://all:1"}, []),
    ],
    ids=["of Lambda", "of the one with a name", "of all services"],
)
@ANY_NETWORK
def test_an_endpoint_of_ones_own_is_kept(lam: OwnLam, variables: dict[str, str], found: list[str]) -> None:
    inside = probe(lam, Environment={"Variables": variables})

    given = inside.run("import os; result = {k: v for k, v in os.environ.items() if k.startswith('AWS_ENDPOINT')}")

    assert {name: given.pop(name) for name in variables} == variables
    assert [name for name in given if name not in PREFIXED] == found


@pytest.mark.parametrize(
    "path", ["_lambda-emu/health", "%5Flambda-emu/health", "/_lambda-emu/health", "2015-03-31/nowhere"]
)
@ANY_NETWORK
def test_the_emulators_own_pages_are_no_path_inside(looker: Inside, path: str) -> None:
    status, said = looker.run(f"{CALL}\n    result = call('/' + {path!r})")

    assert (status, "No operation of Lambda" in said) == (404, True)


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://page.example"}, {"Host": "page.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
@ANY_NETWORK
def test_what_web_pages_may_not_do_they_may_not_inside(looker: Inside, headers: dict[str, str]) -> None:
    assert looker.run(f"{CALL}\n    result = call('/2015-03-31/functions/', **{headers!r})[0]") == 403


@ANY_NETWORK
def test_a_connection_is_there_when_a_frozen_environment_goes_on(lam: OwnLam) -> None:
    inside = probe(lam)
    ask = "connection.request('GET', '/2015-03-31/functions/'); result = connection.getresponse().read() != b''"

    first = inside.run(f"{CALL}\n    connection = http.client.HTTPConnection(there.hostname, there.port)\n    {ask}")
    for _ in range(60):
        lam.clock.advance(5)

    assert (first, inside.run(f"connection.auto_open = 0\n{ask}")) == (True, True)


@ANY_NETWORK
def test_many_calls_at_once_are_all_served(looker: Inside) -> None:
    answers = looker.run(f"""{CALL}
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(64) as threads:
        result = list(threads.map(call, ["/2015-03-31/nowhere"] * 200))
    """)

    assert [status for status, _ in answers] == [404] * 200


def test_one_environment_cannot_take_all_connections(lam: OwnLam) -> None:
    greedy, other = probe(lam, "greedy"), probe(lam, "other")

    answers = greedy.run(f"""{CALL}
    kept = [http.client.HTTPConnection(there.hostname, there.port, timeout=10) for _ in range({MOST_CONNECTIONS})]
    for one in kept: one.request("GET", "/2015-03-31/nowhere"); one.getresponse().read()
    result = call("/2015-03-31/functions/")
    """)

    assert answers[0] == 503
    assert other.run(f"{CALL}\n    result = call('/2015-03-31/functions/')[0]") == 200
    assert greedy.run("import os\nfor one in kept: one.close()\nresult = call('/2015-03-31/functions/')[0]") == 200


def test_connections_end_with_their_environment(lam: OwnLam, eventually: Eventually) -> None:
    inside = probe(lam)
    port = inside.run(f"{CALL}\n    result = there.port")
    before = accepted_at(port)
    inside.run(f"""{CALL}
    kept = [http.client.HTTPConnection(there.hostname, there.port) for _ in range(20)]
    for one in kept: one.request("GET", "/2015-03-31/functions/"); one.getresponse().read()
    """)
    during = accepted_at(port) - before

    lam.client.delete_function(FunctionName="probe")

    assert len(during) == 20
    eventually(lambda: not during & opened(), "the end of its connections")


def test_a_function_calls_a_url_as_it_is_told_inside(lam: OwnLam, looker: Inside) -> None:
    lam.create("echo", "def handler(event, context):\n    return event['rawPath']\n")

    answer = looker.run(f"""{BOTO3}
    from urllib.request import urlopen
    url = client.create_function_url_config(FunctionName="echo", AuthType="NONE")["FunctionUrl"]
    named = dict(FunctionName="echo", Principal="*")
    client.add_permission(**named, StatementId="a", Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")
    client.add_permission(**named, StatementId="b", Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True)
    result = urlopen(url + "a", timeout=30).read().decode()
    """)

    assert answer == "/a"
