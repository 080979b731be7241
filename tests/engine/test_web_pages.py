"""What a web page in the browser of whoever runs lambda-emu can do to it: nothing, unless its origin is allowed.

Requests are written as browsers write them, and the answers read as they came.
"""

from __future__ import annotations

import http.client
import json
import secrets
import socket
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from inside import FAST, probe
from lam import ROLE, Lam, zipped
from own import EITHER_ENGINE, QUICKER, OwnLam, own_emulator, served

from lambda_emu.sandbox.docker.client import connect

EVIL = "http://evil.example"
FRIEND = "http://localhost:3000"
FORM = {"Origin": EVIL, "Content-Type": "text/plain;charset=UTF-8"}  # sent without asking the server before
FETCH = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"}
IMAGE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
NEIGHBOUR = {"Origin": FRIEND, "Sec-Fetch-Site": "same-site"}
SANDBOXED = {"Origin": "null"}
REBOUND = {"Host": "evil.example:9000", "Origin": "http://evil.example:9000", "Sec-Fetch-Site": "same-origin"}
PAGES = {
    "a form": FORM,
    "a script": FETCH,
    "an image": IMAGE,
    "another server of this machine": NEIGHBOUR,
    "a sandboxed frame": SANDBOXED,
    "a page whose name means this machine": REBOUND,
}
NEW = {
    "FunctionName": "made-by-a-page",
    "Runtime": "python3.11",
    "Handler": "app.handler",
    "Role": ROLE,
    "Code": {"ZipFile": b64encode(zipped({"app.py": ""})).decode()},
}
ASKED: list[tuple[str, str, bytes]] = [
    (
        "POST",
        "/2015-03-31/functions/probe/invocations",
        b"\"marks = globals().setdefault('marks', []); marks.append(1)\"",
    ),
    ("POST", "/2015-03-31/functions/probe/invocations", b'"' + b" " * 100_000 + b'"'),
    ("POST", "/2015-03-31/functions", json.dumps(NEW).encode()),
    ("PUT", "/2015-03-31/functions/probe/concurrency", b'{"ReservedConcurrentExecutions": 0}'),
    ("DELETE", "/2015-03-31/functions/probe", b""),
    ("GET", "/2015-03-31/functions/probe/configuration", b""),
    ("POST", "/_lambda-emu/reset", b""),
    ("POST", "/%5Flambda-emu/reset", b""),
    ("GET", "/_lambda-emu/environments", b""),
    ("GET", "/_lambda-emu/logs?function=probe", b""),
    ("GET", "/_lambda-emu/health", b""),
    ("OPTIONS", "/2015-03-31/functions", b""),
]


def ask(
    url: str, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def functions(lam: Lam) -> list[str]:
    """Those of other tests too, which share the emulator."""
    return [one["FunctionName"] for one in lam.client.list_functions()["Functions"]]


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@EITHER_ENGINE
def test_a_web_page_creates_runs_changes_and_reads_nothing(lam: Lam, page: dict[str, str]) -> None:
    inside = probe(lam)
    inside.run("seen = 1")
    before = functions(lam)

    answers = [ask(lam.emulator.url, method, path, body, page) for method, path, body in ASKED]

    assert {status for status, _, _ in answers} == {403}
    for _, headers, body in answers:
        assert headers["x-amzn-ErrorType"] == "AccessDeniedException"
        assert "Access-Control-Allow-Origin" not in headers
        assert "--allowed-" in json.loads(body)["Message"]
    assert inside.run("result = ('marks' in globals(), seen)") == [False, 1]
    assert functions(lam) == before


@pytest.mark.parametrize("more", ["", "Expect: 100-continue\r\n"])
@EITHER_ENGINE
def test_a_refusal_neither_waits_for_the_body_nor_asks_for_it(lam: Lam, more: str) -> None:
    parts = urlsplit(lam.emulator.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), 20) as page:
        page.sendall(
            b"POST /2015-03-31/functions HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil.example\r\n"
            b"Content-Length: 50000000\r\n%s\r\n" % more.encode()
        )

        assert page.recv(65536).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("twice", ["Host: 127.0.0.1", "Origin: http://127.0.0.1", "Sec-Fetch-Site: none"])
@EITHER_ENGINE
def test_a_header_that_is_said_twice_is_refused(lam: Lam, twice: str) -> None:
    parts = urlsplit(lam.emulator.url)
    first = "" if twice.startswith("Host") else "Host: 127.0.0.1\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0), 20) as caller:
        caller.sendall(f"GET /2015-03-31/functions HTTP/1.1\r\n{first}{twice}\r\n{twice}\r\n\r\n".encode())

        assert caller.recv(65536).startswith(b"HTTP/1.1 403 ")


@EITHER_ENGINE
def test_tools_need_nothing_that_browsers_send(lam: Lam) -> None:
    lam.create("hello", "def handler(event, context): return 1")
    parts = urlsplit(lam.emulator.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), 20) as old:
        old.sendall(b"GET /_lambda-emu/health HTTP/1.0\r\n\r\n")
        assert old.recv(65536).startswith(b"HTTP/1.1 200 ")
    location = lam.client.get_function(FunctionName="hello")["Code"]["Location"]

    with urlopen(location, timeout=20) as code:
        assert code.read() == zipped({"app.py": "def handler(event, context): return 1"})
    for host in ("localhost:9000", "lambda-emu", "host.docker.internal:9000", "us-east-1.localhost.localstack.cloud"):
        assert ask(lam.emulator.url, "GET", "/2015-03-31/functions/hello", headers={"Host": host})[0] == 200


@pytest.fixture
def open_to_friends(tmp_path: Path) -> Iterator[OwnLam]:
    with own_emulator(tmp_path, "process", allowed_origins=FRIEND, allowed_hosts="emu.example.com") as lam:
        lam.create("hello", "def handler(event, context): return 1")
        yield lam


def test_a_page_of_an_allowed_origin_asks_as_a_browser_does_and_reads_the_answers(open_to_friends: OwnLam) -> None:
    url, path = open_to_friends.emulator.url, "/2015-03-31/functions/hello/invocations"
    page = {"Origin": FRIEND, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    before = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-amz-log-type"}

    told = ask(url, "OPTIONS", path, headers=page | before)
    answers = [
        ask(url, "POST", path, b"{}", page),
        ask(url, "POST", path, b'"' + b" " * 100_000 + b'"', page),
        ask(url, "GET", "/2015-03-31/functions/hello", headers=page),
        ask(url, "GET", "/2015-03-31/functions/nobody", headers=page),
    ]

    assert (told[0], told[2]) == (204, b"")
    assert told[1]["Access-Control-Allow-Headers"] == before["Access-Control-Request-Headers"]
    assert [status for status, _, _ in answers] == [200, 200, 200, 404]
    for _, headers, _ in (told, *answers):
        assert headers["Access-Control-Allow-Origin"] == FRIEND
        assert headers["Vary"] == "Origin"


def test_an_allowed_name_lets_its_own_pages_in_and_no_others(open_to_friends: OwnLam) -> None:
    url, path = open_to_friends.emulator.url, "/2015-03-31/functions/hello"
    named = {"Host": "emu.example.com"}

    assert ask(url, "GET", path, headers=named)[0] == 200
    assert ask(url, "GET", path, headers=named | {"Origin": "http://emu.example.com"})[0] == 200
    assert ask(url, "GET", path, headers=named | {"Origin": EVIL})[0] == 403
    assert ask(url, "GET", path, headers={"Host": "other.example.com"})[0] == 403


# -- the emulator's own pages ---------------------------------------------------------------------


@EITHER_ENGINE
def test_pages_that_change_something_take_the_token(lam: Lam) -> None:
    lam.create("hello", "")
    url, before = lam.emulator.url, functions(lam)

    refused = [
        ask(url, "POST", path, headers=given)
        for path in ("/_lambda-emu/reset", "/%5flambda-emu/res%65t")
        for given in TOKENS
    ]

    assert {status for status, _, _ in refused} == {403}
    assert all("X-Lambda-Emu-Token" in json.loads(body)["Message"] for _, _, body in refused)
    assert functions(lam) == before


TOKENS: list[dict[str, str]] = [
    {},
    {"X-Lambda-Emu-Token": ""},
    {"X-Lambda-Emu-Token": "0" * 32},
    {"X-Lambda-Emu-Token": "é"},
]


def test_pages_that_tell_something_take_the_token_where_functions_reach_them(lam: Lam) -> None:
    url, token = lam.emulator.url, {"X-Lambda-Emu-Token": lam.emulator.token}
    pages = ("/_lambda-emu/environments", "/_lambda-emu/logs?function=hello")

    without = [ask(url, "GET", page)[0] for page in pages]

    assert without == [200 if lam.emulator.engine.abilities.hides_loopback else 403] * 2
    assert [ask(url, "GET", page, headers=token)[0] for page in pages] == [200, 200]
    assert ask(url, "GET", "/_lambda-emu/health")[0] == 200


def test_a_function_cannot_wipe_read_or_find_the_token(lam: Lam) -> None:
    port, data = urlsplit(lam.emulator.url).port, lam.emulator.store.folder
    inside = probe(lam, **FAST)

    seen = inside.run(f"""
        import http.client, os
        def ask(method, page):
            connection = http.client.HTTPConnection("127.0.0.1", {port}, timeout=5)
            try:
                connection.request(method, "/_lambda-emu/" + page)
                return connection.getresponse().status
            except OSError as error:
                return 403
        def find():
            for folder, _, names in os.walk("/"):
                if folder.startswith(("/proc", "/sys")): continue
                for name in names:
                    if name == "token": yield os.path.join(folder, name)
        asked = [ask("POST", "reset"), ask("GET", "environments"), ask("GET", "logs?function=probe")]
        result = [asked, os.path.exists({str(data)!r}), list(find())]
    """)

    assert seen == [[403, 403, 403], False, []]


@pytest.mark.docker
def test_a_container_that_reaches_the_server_is_told_nothing_either(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "docker", host="0.0.0.0") as lam:
        port = urlsplit(lam.emulator.url).port

        asked = probe(lam).run(f"""
            import http.client, socket
            routes = [line.split() for line in open("/proc/net/route")]
            here = next(socket.inet_ntoa(bytes.fromhex(to[2])[::-1]) for to in routes if to[1] == "00000000")
            def ask(method, path):
                connection = http.client.HTTPConnection(here, {port}, timeout=5)
                connection.request(method, path, headers={{"Host": "lambda-emu"}})
                return connection.getresponse().status
            result = [ask("GET", "/_lambda-emu/health"), ask("GET", "/_lambda-emu/environments"),
                      ask("GET", "/_lambda-emu/logs?function=probe"), ask("POST", "/_lambda-emu/reset")]
        """)

    assert asked == [200, 403, 403, 403]


@pytest.mark.docker
@pytest.mark.parametrize(
    "joined", [{"docker_network": "host"}, {"subnet_networks": "*=host"}], ids=["all functions", "those in a VPC"]
)
def test_so_do_they_where_containers_share_the_machines_network(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, joined: dict[str, Any]
) -> None:
    with own_emulator(tmp_path, "docker", pull_images=False, **joined) as lam:
        port = urlsplit(lam.emulator.url).port
        vpc: Any = {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}

        asked = probe(lam, **vpc).run(f"""
            import http.client
            def ask(page):
                connection = http.client.HTTPConnection("127.0.0.1", {port}, timeout=5)
                connection.request("GET", "/_lambda-emu/" + page)
                return connection.getresponse().status
            result = [ask("health"), ask("environments"), ask("logs?function=probe")]
        """)

    assert asked == [200, 403, 403]
    assert "running functions in containers: functions share this machine's network" in caplog.text


@pytest.mark.docker
def test_and_where_the_engines_network_is_in_another_machine(tmp_path: Path) -> None:
    """As with Docker Desktop, whose containers reach the loopback of this one by `host.docker.internal`."""
    client, name = connect(), f"lambda-emu-test-{secrets.token_hex(4)}"
    not_here = {"com.docker.network.bridge.inhibit_ipv4": "true"}
    network = client.networks.create(name, driver="bridge", options=not_here, labels={"lambda-emu-test": "1"})
    try:
        with own_emulator(tmp_path, "docker", pull_images=False, docker_network=name) as lam:
            probe(lam).run("result = 1")
            status, _, _ = ask(lam.emulator.url, "GET", "/_lambda-emu/environments")
    finally:
        network.remove()
        client.close()

    assert status == 403


@pytest.mark.parametrize("engine", QUICKER)
def test_the_token_is_in_the_data_directory_for_its_user_alone_and_new_each_time(engine: str, tmp_path: Path) -> None:
    tokens = set()
    for _ in range(2):
        with own_emulator(tmp_path, engine) as lam:
            file = lam.emulator.store.folder / "token"
            assert file.stat().st_mode & 0o777 == 0o600
            assert file.read_text().strip() == lam.emulator.token
            tokens.add(lam.emulator.token)
        assert not file.exists()
    assert len(tokens) == 2


def test_the_token_can_be_set_and_is_no_functions_to_read(tmp_path: Path) -> None:
    token = "set-by-its-user-in-a-variable"
    with own_emulator(tmp_path, "process", environ={"LAMBDA_EMU_TOKEN": token}) as lam:
        asked = ask(lam.emulator.url, "GET", "/_lambda-emu/environments", headers={"X-Lambda-Emu-Token": token})
        seen = probe(lam).run("import os; result = dict(os.environ)")

    assert asked[0] == 200
    assert token not in str(seen)


def test_the_token_is_told_where_others_than_this_machine_can_ask(tmp_path: Path) -> None:
    with served(tmp_path, "process", "--host", "0.0.0.0") as open_to_all:
        assert open_to_all.process.stdout is not None
        said = open_to_all.process.stdout.readline()
        told: Any = said.split()[-1]

    assert said.startswith("its own pages, below http://0.0.0.0:")
    assert len(told) == 32
