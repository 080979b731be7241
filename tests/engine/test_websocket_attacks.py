"""WebSocket APIs and who means them no good: handshakes, messages and back ends that are none, floods, ends."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from function_url_rig import ask
from http_apis_rig import let_in
from own import OwnLam, own_emulator, served
from services_rig import ACCOUNT, Inbox, sdk
from socket_rig import SocketApi
from websocket_rig import Caller, Refused

ANSWER = """
import json, time
def handler(event, context):
    body = event.get("body")
    if body and body.startswith("!"):
        return eval(body[1:])
    if body and body.startswith("sleep"):
        time.sleep(float(body.split()[1]))
    return {"statusCode": 200, "body": event["requestContext"]["routeKey"]}
"""
TELL = """
import boto3, json, os
sqs = boto3.client("sqs", region_name="us-east-1")
def handler(event, context):
    sqs.send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(event))
    return {"statusCode": 200}
"""
INTERNAL = "Internal server error"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("sockets"), "process", account=ACCOUNT) as lam:
        lam.create("answer", ANSWER, Timeout=30)
        let_in(lam, "answer")
        yield lam


@pytest.fixture(scope="module")
def api(shared: OwnLam) -> SocketApi:
    api = SocketApi(shared, {"$connect": "answer", "$disconnect": "answer"})
    for key in ("$default", "hello", "1", "true"):
        api.route(key, "answer", answers=True)
    return api


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_WebSocket_Key": None}, 426),
        ({"Connection": "close"}, 426),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": "A" * 5000}, 400),
        ({"Sec_WebSocket_Version": "8"}, 400),
        ({"Sec_WebSocket_Version": None}, 400),
    ],
)
def test_a_handshake_against_the_rules_is_refused(api: SocketApi, headers: dict[str, str | None], status: int) -> None:
    with pytest.raises(Refused) as refused:
        api.call("", **headers)
    assert refused.value.status == status


@pytest.mark.parametrize("path", ["", "/", "/other", "/dev/more", "/dev%2Fmore"])
def test_a_stage_that_is_not_there_is_forbidden(api: SocketApi, path: str) -> None:
    with pytest.raises(Refused) as refused:
        Caller(api.endpoint + path)
    assert refused.value.status == 403
    assert refused.value.json["message"] == "Forbidden"


def test_a_host_of_another_region_is_forbidden_for_clients_and_back_ends(shared: OwnLam, api: SocketApi) -> None:
    host, url = f"{api.id}.execute-api.eu-west-1.localhost", shared.emulator.url
    with pytest.raises(Refused) as refused:
        Caller(f"{url.replace('http', 'ws', 1)}/dev", host)
    assert (refused.value.status, refused.value.json["message"]) == (403, "Forbidden")
    got = ask(url, headers={"Host": host}, method="POST", path="/dev/@connections/L0SM9cOFvHcCIhw=")
    assert (got.status, got.json["message"]) == (403, "Forbidden")


def test_an_api_that_is_not_there_or_not_deployed_lets_nobody_in(shared: OwnLam, api: SocketApi) -> None:
    with pytest.raises(Refused) as refused:
        Caller(f"{api.endpoint.replace(api.id, 'absent')}/dev")
    assert refused.value.status == 404
    bare = SocketApi(shared, {"$default": "answer"}, stage="")
    bare.client.create_stage(ApiId=bare.id, StageName="dev")
    bare.stage = "dev"
    with pytest.raises(Refused) as refused:
        bare.call()
    assert refused.value.status == 403
    bare.client.create_deployment(ApiId=bare.id, StageName="dev")
    bare.call().socket.close()


def test_a_plain_request_is_told_to_upgrade(api: SocketApi) -> None:
    for method in ("GET", "POST"):
        got = ask(f"{api.endpoint.replace('ws', 'http', 1)}/dev", method=method)
        assert got.status == 426
        assert got.json == {"message": "Upgrade Required"}


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ('{"action": "hello"}', "hello"),
        ('{"action": 1}', "1"),
        ('{"action": true}', "true"),
        ('{"action": "$connect"}', "$default"),
        ('{"action": "$disconnect"}', "$default"),
        ('{"action": {"a": "hello"}}', "$default"),
        ('{"action": null}', "$default"),
        ('["hello"]', "$default"),
        ("no JSON", "$default"),
        ("", "$default"),
        ("[" * 100_000, "$default"),
        ('{"action": ' + "9" * 5000 + "}", "$default"),
        ('{"action": "\\ud800"}', "$default"),
        ('{"action": "' + "x" * 100_000 + '"}', "$default"),
        (json.dumps({"action": "hello", **{str(number): number for number in range(9000)}}), "hello"),
    ],
    ids=lambda one: one[:30],
)
def test_whatever_a_message_says_takes_a_route(api: SocketApi, text: str, route: str) -> None:
    with api.call() as caller:
        for at in range(0, len(text) or 1, 30_000):
            caller.say_part(text[at : at + 30_000], last=at + 30_000 >= len(text))
        assert caller.hear() == route


@pytest.mark.parametrize(
    ("returned", "heard"),
    [
        ("None", INTERNAL),
        ("'text'", INTERNAL),
        ("{'body': 'x'}", INTERNAL),
        ("{'statusCode': 200, 'body': {}}", INTERNAL),
        ("{'statusCode': 200, 'body': 'x' * 131_073}", INTERNAL),
        ("{'statusCode': 200, 'body': 'x' * 3_000_000}", INTERNAL),
        ("1 / 0", INTERNAL),
        ("{'statusCode': 500, 'body': 'x'}", "x"),
        ("{'statusCode': 200, 'body': 'eA==', 'isBase64Encoded': True}", "x"),
        ("{'statusCode': 200, 'body': '\\ud83d\\ude00'}", "\U0001f600"),
    ],
)
def test_whatever_a_function_returns_its_client_is_told_something(api: SocketApi, returned: str, heard: str) -> None:
    with api.call() as caller:
        caller.say("!" + returned)
        said = caller.hear()
        assert (json.loads(said)["message"] if heard == INTERNAL else said) == heard


def test_an_answer_of_the_largest_size_comes_whole(api: SocketApi) -> None:
    with api.call() as caller:
        caller.say("!{'statusCode': 200, 'body': 'x' * 131_072}")
        assert caller.hear() == "x" * 131_072
        assert caller.frames == 4


def pour(caller: Caller) -> None:
    for _ in range(300):
        caller.say("sleep 0.02")


def test_a_flood_of_messages_to_a_slow_function_waits_with_its_client(api: SocketApi) -> None:
    """Others are served meanwhile, and nothing of the flood is lost."""
    with api.call() as flooding:
        pouring = threading.Thread(target=pour, args=(flooding,))
        pouring.start()
        with api.call() as caller:
            begun = time.monotonic()
            for _ in range(5):
                caller.say({"action": "hello"})
                assert caller.hear() == "hello"
            assert time.monotonic() - begun < 20
        assert [flooding.hear() for _ in range(300)] == ["$default"] * 300
        pouring.join()


def test_a_stage_throttles_its_routes(shared: OwnLam) -> None:
    """A route by its own settings, the others together; who has too many stays connected."""
    api = SocketApi(shared, {}, stage="")
    for key in ("$default", "hello"):
        api.route(key, "answer", answers=True)
    api.stage = "dev"
    api.client.create_stage(
        ApiId=api.id,
        StageName="dev",
        AutoDeploy=True,
        DefaultRouteSettings={"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 2},
        RouteSettings={"hello": {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 1}},
    )

    with api.call() as caller:
        heard = []
        for said in ({"action": "hello"}, {"action": "hello"}, "other", "other"):
            caller.say(said)
            heard.append(caller.hear())
        with pytest.raises(Refused) as refused:
            api.call()

    assert (heard[0], heard[2]) == ("hello", "$default")
    assert [json.loads(heard[at])["message"] for at in (1, 3)] == ["Too Many Requests"] * 2
    assert refused.value.status == 429


def test_who_does_not_read_has_no_more_functions_run_than_their_answers_have_room_for(shared: OwnLam) -> None:
    """So many at once as all together may be sent to him; else they would take everybody's CPU, for nobody."""
    shared.create("wide", ANSWER, Timeout=30)
    let_in(shared, "wide")
    api = SocketApi(shared, {})
    api.route("$default", "wide", answers=True)
    wide = "!time.sleep(0.05) or {'statusCode': 200, 'body': 'x' * 130_000}"
    with api.call() as caller:
        caller.say(wide)
        assert len(caller.hear()) == 130_000
        for _ in range(100):
            caller.say(wide)
        answers = [caller.hear() for _ in range(100)]
    environments = [info for info in shared.describe() if info.function == "wide"]

    assert {len(one) for one in answers} == {130_000}
    assert len(environments) <= 16, "1 MB has room for eight of these answers, and some environments write their REPORT"


@pytest.mark.parametrize(
    ("id", "size", "status", "code"),
    [
        ("L0SM9cOFvHcCIhw=", 5, 410, "GoneException"),
        ("nonsense", 5, 400, "BadRequestException"),
        ("x" * 2000, 5, 400, "BadRequestException"),
        (None, 131_072, 200, None),
        (None, 131_073, 413, "PayloadTooLargeException"),
        (None, 1 << 20, 413, "PayloadTooLargeException"),
    ],
)
def test_what_back_ends_send_is_bounded_and_to_somebody(
    api: SocketApi, id: str | None, size: int, status: int, code: str | None
) -> None:
    management = api.management()
    with api.call() as caller:
        caller.say("!{'statusCode': 200, 'body': event['requestContext']['connectionId']}")
        mine = caller.hear()
        try:
            management.post_to_connection(ConnectionId=id or mine, Data=b"x" * size)
            found = 200, None
        except management.exceptions.ClientError as error:
            told = error.response
            found = told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"]
        assert found == (status, code)
        if code is None:
            assert caller.hear() == "x" * size


def test_who_does_not_sign_gets_nothing_of_a_connection(shared: OwnLam, api: SocketApi) -> None:
    with api.call() as caller:
        caller.say("!{'statusCode': 200, 'body': event['requestContext']['connectionId']}")
        id = caller.hear()
        base = f"{api.endpoint.replace('ws', 'http', 1)}/dev"
        for url in (f"{base}/@connections/{id}", f"{base}/%40connections/{id}", f"{shared.url}/@connections/{id}"):
            for method in ("POST", "GET", "DELETE", "PUT"):
                got = ask(url, b"x", method)
                assert got.status == 403
                assert got.json == {"message": "Missing Authentication Token"}
        assert caller.hear_nothing()


def test_a_client_that_does_not_read_is_refused_more(shared: OwnLam, api: SocketApi) -> None:
    management = sdk(shared, "apigatewaymanagementapi", retries={"total_max_attempts": 1})
    with api.call() as caller:
        caller.say("!{'statusCode': 200, 'body': event['requestContext']['connectionId']}")
        id = caller.hear()
        message = partial(management.post_to_connection, ConnectionId=id, Data=b"x" * 100_000)
        with pytest.raises(management.exceptions.LimitExceededException):
            [message() for _ in range(500)]


def test_an_api_that_is_gone_takes_no_message(shared: OwnLam) -> None:
    api = SocketApi(shared, {"$default": "answer"})
    with api.call() as caller:
        api.client.delete_api(ApiId=api.id)
        caller.say("hello")
        assert caller.hear_end()[0] == 1001


def test_hundreds_of_routes_are_as_good_as_one(shared: OwnLam) -> None:
    api = SocketApi(shared, {})
    made = api.route("$default", "answer", answers=True)
    target = api.client.get_route(ApiId=api.id, RouteId=made)["Target"]
    for number in range(300):
        route = api.client.create_route(
            ApiId=api.id, RouteKey=f"r{number}", Target=target, RouteResponseSelectionExpression="$default"
        )
        api.client.create_route_response(ApiId=api.id, RouteId=route["RouteId"], RouteResponseKey="$default")
    with api.call() as caller:
        caller.say({"action": "r299"})
        assert caller.hear() == "r299"


def test_a_route_is_there_once(shared: OwnLam) -> None:
    api = SocketApi(shared, {"hello": "answer"})
    with pytest.raises(api.client.exceptions.ConflictException, match="Route with key hello already exists"):
        api.route("hello", "answer")


def test_a_reset_and_a_stop_end_connections_and_functions_hear_it(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", account=ACCOUNT, grace_s=20) as lam:
        inbox = Inbox(lam, "seen")
        lam.create("told", TELL, Environment={"Variables": {"SEEN": inbox.url}}, MemorySize=1769, Timeout=20)
        let_in(lam, "told")
        api = SocketApi(lam, {"$connect": "told", "$disconnect": "told"})
        caller = api.call()
        assert inbox.next() is not None
    assert caller.hear_end() == (1012, "Service restart")
    with own_emulator(tmp_path, "process", account=ACCOUNT) as lam:
        event = json.loads(Inbox(lam, "seen").next()["Body"])
        assert event["requestContext"]["disconnectStatusCode"] == 1012
        caller = SocketApi(lam, {"$default": "told"}).call()
        lam.emulator.reset()
        assert caller.hear_end()[0] == 1000


def test_who_has_not_installed_what_it_needs_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "wsproto.py").write_text("raise ModuleNotFoundError(\"No module named 'wsproto'\")")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    (tmp_path / "project").mkdir()
    with served(tmp_path / "project", "process") as lam:
        api = SocketApi(lam, {})
        with pytest.raises(Refused) as refused:
            api.call()
    assert refused.value.status == 500
    assert "pip install 'lambda-emu[services]'" in refused.value.headers["x-lambda-emu-hint"]


def test_after_a_kill_clients_connect_again_by_the_same_id(tmp_path: Path) -> None:
    with served(tmp_path, "process", "--account", ACCOUNT) as lam:
        lam.role = f"arn:aws:iam::{ACCOUNT}:role/test"
        lam.create("answer", ANSWER, Timeout=30)
        let_in(lam, "answer")
        api = SocketApi(lam, {})
        api.route("$default", "answer", answers=True)
        with api.call() as caller:
            caller.say("hello")
            assert caller.hear() == "$default"
            lam.process.kill()
            assert caller.hear_end()[0] == 1006
    path = f"/_lambda-emu/api/{api.id}/dev"
    with (
        served(tmp_path, "process", "--account", ACCOUNT) as lam,
        Caller(f"{lam.url.replace('http', 'ws')}{path}") as caller,
    ):
        caller.say("hello")
        assert caller.hear() == "$default"
