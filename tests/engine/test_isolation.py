"""What code inside an environment can do to others: nothing. One emulator serves all of them on one port."""

from __future__ import annotations

import pytest
from inside import probe
from lam import Lam

CALL = """
    import http.client, json, os, socket
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    def call(method, path, body=None, name=f"{host}:{port}", **headers):
        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        connection.request(method, "/2018-06-01/runtime/" + path, body, {"Host": name, **headers})
        answer = connection.getresponse()
        return [answer.status, answer.read().decode()]
"""
FORBIDDEN = [403, '{"errorMessage":"No execution environment has this address","errorType":"Forbidden"}']


@pytest.mark.parametrize(
    "name",
    ["localhost", "127.0.0.1", "", "lambda-emu.internal", f"{'0' * 32}.lambda-emu.internal", "x" * 10_000],
    ids=["localhost", "loopback", "none", "suffix", "guessed", "long"],
)
def test_an_address_that_is_nobodys_is_refused(lam: Lam, name: str) -> None:
    inside = probe(lam)

    answers = inside.run(f"{CALL}\n    result = [call('GET', 'invocation/next', name={name!r}) for _ in range(3)]")

    assert answers == [FORBIDDEN] * 3


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
def test_a_web_page_that_found_an_address_can_do_nothing_with_it(lam: Lam, header: str) -> None:
    inside = probe(lam)

    calls = [("GET", "invocation/next"), ("POST", "init/error"), ("POST", "invocation/1/response")]
    answers = inside.run(f"{CALL}\n    result = [call(*one, **{{{header!r}: 'none'}}) for one in {calls!r}]")

    refused = [403, '{"errorMessage":"Web pages may not call the Runtime API","errorType":"Forbidden"}']
    assert answers == [refused] * 3
    assert inside.run("result = 'well'") == "well"


def test_an_environment_that_ended_leaves_no_address_behind(lam: Lam) -> None:
    gone = probe(lam, "gone")
    address = gone.run(f"{CALL}\n    result = f'{{host}}:{{port}}'")
    lam.client.delete_function(FunctionName="gone")

    assert probe(lam).run(f"{CALL}\n    result = call('GET', 'invocation/next', name={address!r})") == FORBIDDEN


def test_who_asks_does_not_depend_on_the_case_of_the_name(lam: Lam) -> None:
    answer = probe(lam).run(f"{CALL}\n    result = call('POST', 'init/error', '{{}}', name=host.upper())")

    assert "InvalidStateTransition" in answer[1]
