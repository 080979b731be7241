"""A real browser's WebSocket: a page of another origin talks with a WebSocket API, and is ended by it."""

from __future__ import annotations

from pathlib import Path

from browser_rig import NEEDS_BROWSER, browsing
from http_apis_rig import let_in
from own import own_emulator
from server_rig import Exchange, http_server, send
from services_rig import ACCOUNT
from socket_rig import SocketApi

pytestmark = NEEDS_BROWSER

ECHO = """
def handler(event, context):
    body = event.get("body") or event["requestContext"]["connectionId"]
    return {"statusCode": 200, "body": body, "headers": {"Sec-WebSocket-Protocol": "chat"}}
"""
TALK = """new Promise((done) => {
  const heard = [], socket = new WebSocket("%s", ["news", "chat"]);
  const say = ["hello", "grüß", "x".repeat(%d)];
  socket.onopen = () => socket.send(say.shift());
  socket.onmessage = (message) => {
    heard.push(message.data.length);
    say.length ? socket.send(say.shift()) : socket.send(new Uint8Array([1, 2]));
  };
  socket.onclose = (end) => done({heard, code: end.code, reason: end.reason, clean: end.wasClean,
                                  protocol: socket.protocol, extensions: socket.extensions});
})"""


def test_a_page_talks_and_is_ended_as_it_should(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    with own_emulator(tmp_path / "project", "process", account=ACCOUNT) as lam:
        lam.create("echo", ECHO)
        let_in(lam, "echo")
        api = SocketApi(lam, {"$connect": "echo"})
        api.route("$default", "echo", answers=True)

        def answer(exchange: Exchange) -> None:
            send(exchange, b"<p>a page</p>", Content_Type="text/html")

        with http_server(answer) as url, browsing(url, tmp_path / "profile") as page:
            found = page.run(TALK % (f"{api.endpoint}/dev", 32_768))

    assert found == {
        "heard": [5, 4, 32_768],
        "code": 1003,  # API Gateway takes no bytes
        "reason": "Unsupported data",
        "clean": True,
        "protocol": "chat",
        "extensions": "",
    }
