"""The example of a chat, as its README runs it: rooms by WebSocket, and two webhooks that speak into them."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from boto_rig import client_at
from example_rig import Example, served_example
from function_url_rig import Got, ask
from own import QUICKER
from waiting import Eventually
from websocket_rig import Caller

SECRET = b"8f742231b10e8888abcd99yyyzzz85a5"


@dataclass(frozen=True)
class Chat(Example):
    """Its URL is that of the rooms."""

    def come(self, name: str, room: str) -> Caller:
        caller = Caller(self.url)
        caller.say({"action": "join", "room": room, "name": name})
        assert caller.hear_json() == {"room": room, "joined": name}
        return caller


@pytest.fixture(scope="module", params=QUICKER)
def chat(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    with served_example(Chat, "chat", tmp_path_factory.mktemp("chat"), request.param) as chat:
        yield chat


@pytest.fixture(scope="module")
def urls(chat: Chat) -> Mapping[str, str]:
    """Of functions, by their names."""
    told = [chat.lam.said_more("URL of").removeprefix("URL of ").split(": ") for _ in range(2)]
    return {name: url.strip() for name, url in told}


def test_who_is_in_a_room_hears_what_is_said_there_and_who_leaves(chat: Chat) -> None:
    with chat.come("Ada", "attic") as ada, chat.come("Eve", "cellar") as eve:
        with chat.come("Bob", "attic") as bob:
            assert ada.hear_json() == {"room": "attic", "joined": "Bob"}
            bob.say({"action": "say", "text": "Hello"})
            for caller in (ada, bob):
                assert caller.hear_json() == {"room": "attic", "from": "Bob", "text": "Hello"}
            bob.leave(1000)
        assert ada.hear_json() == {"room": "attic", "left": "Bob"}
        assert eve.hear_nothing()
        eve.say("what?")
        assert "error" in eve.hear_json()


def test_who_has_not_joined_is_told_so(chat: Chat) -> None:
    with Caller(chat.url) as caller:
        caller.say({"action": "say", "text": "Hello"})
        assert caller.hear_json() == {"error": "join a room first"}


def test_who_is_gone_is_forgotten(chat: Chat, eventually: Eventually) -> None:
    table = client_at(chat.lam.url, "dynamodb")
    table.put_item(
        TableName="members",
        Item={"connection": {"S": "L0SM9cOFvHcCIhw="}, "room": {"S": "hall"}, "name": {"S": "Zoe"}},
    )
    with chat.come("Ada", "hall"):
        gone = {"connection": {"S": "L0SM9cOFvHcCIhw="}}
        eventually(lambda: "Item" not in table.get_item(TableName="members", Key=gone), "who is gone to be forgotten")


def slack(url: str, body: str, at: int | None = None, secret: bytes = SECRET) -> Got:
    said = str(int(time.time()) if at is None else at)
    signature = hmac.new(secret, f"v0:{said}:{body}".encode(), hashlib.sha256).hexdigest()
    kind = "application/json" if body.startswith("{") else "application/x-www-form-urlencoded"
    headers = {"X-Slack-Request-Timestamp": said, "X-Slack-Signature": f"v0={signature}", "Content-Type": kind}
    return ask(url, body.encode(), "POST", headers)


def test_slack_is_heard_if_it_signed_just_now(chat: Chat, urls: Mapping[str, str]) -> None:
    body = "user_name=Bob&command=/say&text=porch+It+is+served"
    with chat.come("Ada", "porch") as ada:
        assert slack(urls["slack"], '{"type": "url_verification", "challenge": "3eZbrw"}').json == {
            "challenge": "3eZbrw"
        }
        assert slack(urls["slack"], body).json["text"] == "1 heard it"
        assert ada.hear_json() == {"room": "porch", "from": "Bob", "text": "It is served"}
        refused = [
            slack(urls["slack"], body, secret=b"another"),
            slack(urls["slack"], body, at=int(time.time()) - 301),
            slack(urls["slack"], body, at=int(time.time()) + 301),
            ask(urls["slack"], body.encode()),
        ]
        assert [one.status for one in refused] == [401] * 4
        assert ada.hear_nothing()


def test_telegram_is_heard_with_its_secret(chat: Chat, urls: Mapping[str, str]) -> None:
    update = json.dumps({"message": {"from": {"first_name": "Cem"}, "chat": {"id": 7}, "text": "yard I am late"}})
    with chat.come("Ada", "yard") as ada:
        for secret, status in (("open-sesame", 200), ("open", 401), ("", 401)):
            headers = {"X-Telegram-Bot-Api-Secret-Token": secret, "Content-Type": "application/json"}
            assert ask(urls["telegram"], update.encode(), "POST", headers).status == status
        assert ada.hear_json() == {"room": "yard", "from": "Cem", "text": "I am late"}
        assert ada.hear_nothing()


def test_what_the_readme_tells_to_type_shows_what_it_says(chat: Chat, urls: Mapping[str, str]) -> None:
    readme = chat.readme()
    block = readme[readme.index("$ SLACK=") :].partition("```")[0]
    lines = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    shown = [json.loads(line) for line in block.splitlines() if line.startswith("{")]
    heard = [json.loads(line.strip()[2:]) for line in readme.splitlines() if line.startswith("    < ")]

    with chat.come("Ada", "kitchen") as ada:
        ada.say({"action": "say", "text": "Who has the salt?"})
        assert ada.hear_json() == heard[1]
        typed = chat.type([f"SLACK={urls['slack']}", f"TELEGRAM={urls['telegram']}", *lines[2:]])
        assert [ada.hear_json() for _ in heard[2:]] == heard[2:]

    decoder = json.JSONDecoder()
    first, end = decoder.raw_decode(typed.strip())
    assert [first, json.loads(typed.strip()[end:])] == shown
