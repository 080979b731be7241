"""The commands that ask a server, against a small one that answers what a test tells it to."""

import json
from base64 import b64encode
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from server_rig import Exchange, body_of, http_server, send

from lambda_emu.cli import main

REPORT = (
    "REPORT RequestId: id-1\tDuration: 3.01 ms\tBilled Duration: 114 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 36 MB\t\n"
)


class TinyServer:
    """Answers each path with what `answers` holds for it, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.first: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}  # what it answers before these
        self.asked: list[tuple[str, str, bytes]] = []
        self.url = ""

    def answer(self, path: str, body: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.answers[path] = (status, headers or {}, json.dumps(body).encode())

    def do(self, exchange: Exchange) -> None:
        self.asked.append((exchange.command, exchange.path, body_of(exchange)))
        first = self.first.get(exchange.path)
        missing: tuple[int, dict[str, str], bytes] = (404, {}, b'{"Message": "no such page"}')
        status, headers, answer = first.pop() if first else self.answers.get(exchange.path, missing)
        send(exchange, answer, status, **headers)


@pytest.fixture
def server() -> Iterator[TinyServer]:
    server = TinyServer()
    with http_server(server.do) as server.url:
        yield server


def run(server: TinyServer, *arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, [*arguments, "--endpoint-url", server.url], input=stdin)


def test_invoke_prints_the_payload_apart_from_the_log(server: TinyServer) -> None:
    tail = {"X-Amz-Log-Result": b64encode(b"START\nREPORT\n").decode()}
    server.answer("/2015-03-31/functions/hello/invocations", {"greeting": "Hello, Ada"}, headers=tail)

    result = run(server, "invoke", "hello", '{"name": "Ada"}')

    assert (result.stdout, result.stderr, result.exit_code) == ('{"greeting": "Hello, Ada"}\n', "START\nREPORT\n", 0)
    assert server.asked == [("POST", "/2015-03-31/functions/hello/invocations", b'{"name": "Ada"}')]


def test_invoke_waits_for_a_function_whose_image_is_being_made_and_says_so(server: TinyServer) -> None:
    path = "/2015-03-31/functions/hello/invocations"
    pending = (
        "The operation cannot be performed at this time. The function is currently in the following state: Pending"
    )
    server.first[path] = [(409, {}, json.dumps({"message": pending}).encode())] * 3
    server.answer(path, {"greeting": "Hello"})

    result = run(server, "invoke", "hello")

    assert (result.stdout, result.exit_code) == ('{"greeting": "Hello"}\n', 0)
    assert result.stderr == "hello is Pending: the server fetches or builds what it runs on, once\n"
    assert len(server.asked) == 4


def test_invoke_takes_the_event_from_standard_input(server: TinyServer) -> None:
    server.answer("/2015-03-31/functions/hello/invocations", None)

    run(server, "invoke", "hello", "--event", "-", stdin='{"from": "stdin"}')

    assert server.asked[0][2] == b'{"from": "stdin"}'


def test_invoke_exits_with_1_when_the_function_failed(server: TinyServer) -> None:
    error = {"errorType": "Exception", "errorMessage": "x"}
    server.answer("/2015-03-31/functions/hello/invocations", error, headers={"X-Amz-Function-Error": "Unhandled"})

    result = run(server, "invoke", "hello")

    assert json.loads(result.stdout) == error
    assert result.exit_code == 1


def test_invoke_exits_with_2_and_says_why_when_there_is_no_such_function(server: TinyServer) -> None:
    said = {"Message": "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody:$LATEST"}
    server.answer("/2015-03-31/functions/nobody/invocations", said, status=404)

    result = run(server, "invoke", "nobody")

    assert said["Message"] in result.stderr
    assert (result.stdout, result.exit_code) == ("", 2)


def test_a_missing_server_is_named_with_the_command_that_starts_one() -> None:
    result = CliRunner().invoke(main, ["ps", "--endpoint-url", "http://127.0.0.1:1"])

    assert "no server answers at http://127.0.0.1:1" in result.stderr
    assert (
        "(Connection refused); start one with `lambda-emu serve`, or name another by --endpoint-url." in result.stderr
    )
    assert result.exit_code == 2


def test_ps_lists_environments(server: TinyServer) -> None:
    environment = {
        "function": "hello",
        "version": "$LATEST",
        "tenant": "blue",
        "state": "IDLE",
        "id": "2f6d1c0a9b8e",
        "engine": "docker",
        "memory_mb": 128,
        "age_s": 75.2,
        "invocations": 3,
    }
    nothing = {"function": "", "version": "", "tenant": None, "memory_mb": 0, "age_s": None, "invocations": 0}
    stem = environment | nothing | {"state": "STEM", "id": "9b8e2f6d1c0a"}
    server.answer("/_lambda-emu/environments", [environment, stem])
    server.answer("/_lambda-emu/health", {"status": "ok", "environments": 3, "max_environments": 64})

    shown = run(server, "ps")
    as_json = run(server, "ps", "--json")

    assert shown.stdout == (
        "FUNCTION  VERSION  TENANT  STATE  MEMORY  AGE  INVOCATIONS  ENGINE  ID\n"
        "hello     $LATEST  blue    IDLE   128 MB  1m   3            docker  2f6d1c0a9b8e\n"
        "-         -        -       STEM   -       -    0            docker  9b8e2f6d1c0a\n"
        "3 of 64 environments, stems included (max_environments)\n"
    )
    assert [json.loads(line) for line in as_json.stdout.splitlines()] == [environment, stem]


def test_logs_ask_the_server_for_the_account_and_region_of_an_arn(server: TinyServer) -> None:
    page = "/_lambda-emu/logs?function=hello&account=999999999999&region=eu-west-1&limit=1000"
    server.answer(page, {"events": [{"message": "theirs\n", "report": None}], "next": 7, "complete": True})

    shown = run(server, "logs", "arn:aws:lambda:eu-west-1:999999999999:function:hello")

    assert shown.stdout == "theirs\n"


def test_logs_prints_the_price_below_each_report(server: TinyServer) -> None:
    report = {"costUSD": "0.000000437500", "billedDurationMs": 114, "memorySizeMB": 128}
    events = [{"message": "another\rline\n", "report": None}, {"message": REPORT, "report": report}]
    server.answer("/_lambda-emu/logs?function=hello&limit=1000", {"events": events, "next": 7, "complete": True})

    shown = run(server, "logs", "hello")
    as_json = run(server, "logs", "hello", "--json")

    price = "PRICE $0.0000004375 (114 ms x 128 MB), $0.44 per million\n"
    assert shown.stdout == "another\rline\n" + REPORT + price
    assert [json.loads(line) for line in as_json.stdout.splitlines()] == events


def test_clock_goes_on_until_it_is_there_and_tells_what_still_runs(server: TinyServer) -> None:
    page = "/_lambda-emu/clock"
    reading = {
        "now": "2026-11-27T14:00:00.000Z",
        "ahead_s": 1800.0,
        "left_s": 3600.0,
        "running": {"invocations of f": 1},
    }
    server.first[page] = [(200, {}, json.dumps(reading).encode())]
    server.answer(page, {"now": "2026-11-27T15:00:00.000Z", "ahead_s": 5400.0, "left_s": 0.0, "running": {}})

    result = run(server, "clock", "advance", "1h30m")

    told = "2026-11-27T15:00:00.000Z, 1h30m ahead of this machine\nstill under way: 1 invocations of f\n"
    assert (result.stdout, result.exit_code) == (told, 0)
    assert [json.loads(body) for _, _, body in server.asked] == [{"advance": "1h30m"}, {"advance": 3600.0}]


@pytest.mark.parametrize(
    "words", [["clock", "show"], ["clock"], ["clock", "--endpoint-url", "{url}", "show"], ["clock", "--json", "show"]]
)
def test_clock_alone_tells_the_time(server: TinyServer, words: list[str]) -> None:
    """Options stand before the word or behind it."""
    reading = {"now": "2026-11-27T15:00:00.000Z", "ahead_s": 0.0, "left_s": 0, "running": {}}
    server.answer("/_lambda-emu/clock", reading)

    if "{url}" in words:
        result = CliRunner().invoke(main, [word.format(url=server.url) for word in words])
    else:
        result = run(server, *words)

    told = json.dumps(reading) if "--json" in words else "2026-11-27T15:00:00.000Z, as on this machine"
    assert (result.stdout, result.exit_code) == (f"{told}\n", 0)


def test_clock_says_what_the_server_refuses(server: TinyServer) -> None:
    server.answer("/_lambda-emu/clock", {"Message": "'soon' is no duration"}, 400)

    result = run(server, "clock", "advance", "soon")

    assert (result.exit_code, result.stderr) == (2, "Error: 'soon' is no duration\n")
