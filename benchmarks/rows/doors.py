"""What comes by HTTP beside Invoke, of the same function: by a URL, APIs, a load balancer, WebSocket messages."""

from __future__ import annotations

from benchmarks.client import Address, Connection, invocation
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns
from benchmarks.web_socket import WebSocket

BLOCKS = 100
CALLS = 40
FUNCTION, ANSWERING = "noop", "answering"


def doors(_stage: Stage) -> list[Verdict]:
    """Each in turns with Invoke, on connections that are kept."""
    with Emulator("--engine", "process") as emulator:
        functions = emulator.functions
        functions.create([FUNCTION], "app.noop")
        functions.create([ANSWERING], "app.answering")
        functions.open_balancer(ANSWERING)
        url, api, rest = functions.open_url(FUNCTION), functions.open_api(FUNCTION), functions.open_rest_api(ANSWERING)
        return [
            _against_invoke("function URL, p50", emulator, f"/_lambda-emu/url/{url}/", 1.3),
            _against_invoke("HTTP API, p50", emulator, f"/_lambda-emu/api/{api}/", 1.4),
            _against_invoke("REST API, p50", emulator, f"/_lambda-emu/api/{rest}/dev/", 1.5, ANSWERING),
            _against_invoke("load balancer, p50", emulator, f"/_lambda-emu/elb/{ANSWERING}/", 1.3, ANSWERING),
            _message_against_invoke(emulator, 1.3),
        ]


def _against_invoke(what: str, emulator: Emulator, path: str, limit: float, function: str = FUNCTION) -> Verdict:
    address = emulator.address
    requests = [_post(address, path)] * CALLS, [invocation(address, function)] * CALLS
    with Connection(address) as one, Connection(address) as other:
        one.median_ms(requests[0])
        other.median_ms(requests[1])
        turns = in_turns(lambda: one.median_ms(requests[0]), lambda: other.median_ms(requests[1]), BLOCKS)
    return of_turns(what, "ms", turns, "Invoke", limit)


def _message_against_invoke(emulator: Emulator, limit: float) -> Verdict:
    """From a message to the function's answer to it, which is a message too."""
    path, address = emulator.functions.open_socket_api(ANSWERING), emulator.address
    requests = [invocation(address, ANSWERING)] * CALLS
    with WebSocket(address, path) as one, Connection(address) as other:
        one.median_ms(CALLS)
        other.median_ms(requests)
        turns = in_turns(lambda: one.median_ms(CALLS), lambda: other.median_ms(requests), BLOCKS)
    return of_turns("WebSocket message, p50", "ms", turns, "Invoke", limit)


def _post(address: Address, path: str, event: bytes = b'{"name":"World"}') -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: {address.host}:{address.port}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(event)}\r\n\r\n".encode() + event
