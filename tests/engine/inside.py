"""Looking at an environment from inside: a function that runs the Python it is sent."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from lam import Answer, Lam
from own import IN_A_NETWORK, NETWORKS, OwnLam, own_emulator

PROBE = """
scope = {}
def handler(event, context):
    scope.update(context=context, result=None)
    exec(event, scope)
    return scope["result"]
"""
CALL = """
    import http.client, json, os, socket
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    def call(method, path, body=None, name=f"{host}:{port}", **headers):
        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        connection.request(method, "/2018-06-01/runtime/" + path, body, {"Host": name, **headers})
        answer = connection.getresponse()
        return [answer.status, answer.read().decode()]
"""
"""For code that is sent: `call` asks the Runtime API."""
REFUSED_PAGE = [403, '{"errorMessage":"Web pages may not call the Runtime API","errorType":"Forbidden"}']


FAST: dict[str, Any] = {"MemorySize": 1769, "Timeout": 60}
"""To import boto3 on a small share of a busy machine takes its time."""


@pytest.fixture(scope="module", params=NETWORKS)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    """In containers and as processes, with a network and without."""
    engine, network = request.param
    with own_emulator(tmp_path_factory.mktemp("inside"), engine, stems=0, pull_images=False, **network) as lam:
        yield lam


ANY_NETWORK = pytest.mark.parametrize("shared", IN_A_NETWORK, indirect=True, scope="module")
"""Of tests whose answer the network hardly changes."""


@dataclass(frozen=True)
class Inside:
    """A function that has PROBE as its code, and one environment. What it is sent assigns its answer to `result`;
    other names stay for the next time."""

    lam: Lam
    name: str

    def invoke(self, code: str) -> Answer:
        return self.lam.invoke(self.name, textwrap.dedent(code))

    def run(self, code: str) -> Any:
        """What the code found; fails when it raised."""
        answer = self.invoke(code)
        assert answer.error is None, answer.payload
        return answer.payload


def probe(lam: Lam, name: str = "probe", **config: Any) -> Inside:
    """A new one."""
    return Inside(lam, lam.create(name, PROBE, **config))


@pytest.fixture(scope="module")
def looker(shared: Lam) -> Iterator[Inside]:
    """One for all tests of a module that only look, since to start one takes longer than most looks."""
    lam = Lam(shared.emulator)
    yield probe(lam, "looker", **FAST)
    lam.close()


def assert_web_pages_are_refused(inside: Inside, header: str) -> None:
    """Whatever they ask of the Runtime API, however they found it; and the function is as well as before."""
    calls = [("GET", "invocation/next"), ("POST", "init/error"), ("POST", "invocation/1/response")]

    answers = inside.run(f"{CALL}\n    result = [call(*one, **{{{header!r}: 'none'}}) for one in {calls!r}]")

    assert answers == [REFUSED_PAGE] * len(calls)
    assert inside.run("result = 'well'") == "well"
