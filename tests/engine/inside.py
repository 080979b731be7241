"""Looking at an environment from inside: a function that runs the Python it is sent."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from lam import Answer, Lam

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


def assert_web_pages_are_refused(inside: Inside, header: str) -> None:
    """Whatever they ask of the Runtime API, however they found it; and the function is as well as before."""
    calls = [("GET", "invocation/next"), ("POST", "init/error"), ("POST", "invocation/1/response")]

    answers = inside.run(f"{CALL}\n    result = [call(*one, **{{{header!r}: 'none'}}) for one in {calls!r}]")

    assert answers == [REFUSED_PAGE] * len(calls)
    assert inside.run("result = 'well'") == "well"
