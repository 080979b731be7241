"""Whose call it is: that of the environment whose init passed the listener, whatever the call says of itself."""

from __future__ import annotations

import ipaddress

import pytest
from inside import CALL, assert_web_pages_are_refused, probe
from lam import Lam

SPEAK = f"""{CALL}
    def say(data, address=(host, int(port))):
        heard = b""
        try:
            with socket.create_connection(address, 5) as connection:
                connection.sendall(data)
                while chunk := connection.recv(65536): heard += chunk
        except OSError as error:
            return type(error).__name__
        return heard.decode("latin-1")
"""


@pytest.mark.parametrize(
    "name",
    ["localhost", "127.0.0.1", "", "example.com:80", f"{'0' * 32}.lambda-emu.internal", "x" * 10_000],
    ids=["localhost", "loopback", "none", "elsewhere", "guessed", "long"],
)
def test_no_host_name_decides_whose_call_it_is(lam: Lam, name: str) -> None:
    """As through a proxy that passes on what it was asked for."""
    inside = probe(lam)

    answers = inside.run(
        f"{CALL}\n    MINE = 1; result = [call('GET', 'invocation/next', name={name!r}) for _ in '12']"
    )

    assert [status for status, _ in answers] == [200, 200]
    assert all("MINE = 1" in event for _, event in answers)


def test_clients_that_want_an_ip_address_have_one(lam: Lam) -> None:
    host, port = probe(lam).run("import os; result = os.environ['AWS_LAMBDA_RUNTIME_API'].split(':')")

    assert ipaddress.ip_address(host).is_loopback
    assert port == "9001"


def test_a_client_of_http_1_0_that_names_no_host_is_served(lam: Lam) -> None:
    inside = probe(lam)

    heard = inside.run(
        f"{SPEAK}\n    MINE = 1; result = say(b'GET /2018-06-01/runtime/invocation/next HTTP/1.0\\r\\n\\r\\n')"
    )

    head, _, body = heard.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK")
    assert "MINE = 1" in body


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
def test_a_web_page_can_do_nothing_with_the_runtime_api(lam: Lam, header: str) -> None:
    assert_web_pages_are_refused(probe(lam), header)


NEXT = "b'GET /2018-06-01/runtime/invocation/next HTTP/1.0\\r\\n\\r\\n'"


def test_another_environments_address_is_of_no_use(lam: Lam) -> None:
    """Where the network is shared it is there, and who calls it hung up on; else it means whoever calls."""
    one, other = probe(lam, "one"), probe(lam, "other")
    address = one.run(f"{CALL}\n    result = [host, int(port)]")

    heard = other.run(f"{SPEAK}\n    OTHERS = 1; result = say({NEXT}, tuple({address!r}))")

    if lam.emulator.engine.abilities.isolates_network:
        assert "OTHERS = 1" in heard
    else:
        assert heard in ("", "ConnectionResetError", "BrokenPipeError")
    assert one.run("result = 'well'") == "well"


def test_an_environment_that_ended_leaves_no_address_behind(lam: Lam) -> None:
    gone = probe(lam, "gone")
    address = gone.run(f"{CALL}\n    result = [host, int(port)]")
    lam.client.delete_function(FunctionName="gone")

    heard = probe(lam).run(f"{SPEAK}\n    OTHERS = 1; result = say({NEXT}, tuple({address!r}))")

    assert "OTHERS = 1" in heard or heard == "ConnectionRefusedError"
