"""The example of orders, as its README runs it: what is paid is delivered, what is not is undone, and both are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from boto_rig import client_at
from example_rig import Example, served_example
from own import QUICKER
from waiting import Eventually


class Kitchen(Example):
    def order(self, name: str, count: int, dish: str) -> Any:
        """What is answered to an order of somebody of this name."""
        wanted = {"dish": dish, "count": count, "email": f"{name}@example.com", "phone": "+4930123456"}
        asked = Request(f"{self.url}orders", json.dumps(wanted).encode(), {"Content-Type": "application/json"})
        with urlopen(asked, timeout=30) as answer:
            return json.load(answer)

    def state(self, id: str) -> str:
        with urlopen(f"{self.url}orders/{id}", timeout=30) as answer:
            return str(json.load(answer)["state"])

    def portions(self, dish: str) -> int:
        row = client_at(self.lam.url, "dynamodb").get_item(TableName="dishes", Key={"name": {"S": dish}})["Item"]
        return int(row["portions"]["N"])

    def told(self, by: str, to: str, text: str) -> list[Any]:
        """What the outbox has of it."""
        found = json.loads(self.lam.page("services"))["outbox"]
        return [one for one in found if one["by"] == by and one["to"] == to and text in json.dumps(one)]


@pytest.fixture(scope="module", params=QUICKER)
def kitchen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kitchen]:
    with served_example(Kitchen, "orders", tmp_path_factory.mktemp("orders"), request.param) as kitchen:
        yield kitchen


def test_an_order_that_is_paid_is_told_by_email_and_sms(kitchen: Kitchen, eventually: Eventually) -> None:
    order = kitchen.order("ada", 2, "ramen")

    (email,) = eventually(lambda: kitchen.told("email", "ada@example.com", "ramen"), "the e-mail")
    (sms,) = eventually(lambda: kitchen.told("sms", "+4930123456", "ramen"), "the SMS")
    assert (email["subject"], email["from"]) == ("Your ramen is on its way", "kitchen@example.com")
    assert email["text"] == sms["message"] == "Thank you! 2 x ramen for 24 will be there in half an hour."
    assert (kitchen.state(order["id"]), kitchen.portions("ramen")) == ("PAID", 8)


def test_a_payment_that_fails_is_compensated_and_told(kitchen: Kitchen, eventually: Eventually) -> None:
    order = kitchen.order("bob", 9, "curry")

    (email,) = eventually(lambda: kitchen.told("email", "bob@example.com", "curry"), "the e-mail")
    (sms,) = eventually(lambda: kitchen.told("sms", "+4930123456", "curry"), "the SMS")
    assert email["subject"] == "Your order was cancelled"
    assert email["text"] == sms["message"] == "Your card did not take 108, so there will be no curry today."
    assert (kitchen.state(order["id"]), kitchen.portions("curry")) == ("CANCELLED", 10)


def test_more_than_there_is_cannot_be_ordered(kitchen: Kitchen) -> None:
    kitchen.order("cem", 7, "pho")

    with pytest.raises(HTTPError, match="409"):
        kitchen.order("cem", 7, "pho")


def test_what_the_readme_tells_to_type_shows_what_it_says(kitchen: Kitchen, eventually: Eventually) -> None:
    readme = kitchen.readme()
    block = readme[readme.index("$ API=") :].partition("```")[0]
    *orders, show = (line[2:] for line in block.splitlines() if line.startswith("$ "))
    said = [line for line in block.splitlines() if line.startswith(("ada@", "bob@", "+49"))]

    kitchen.type([f"API={kitchen.url.rstrip('/')}", *orders[1:]])

    assert len(said) == 4
    eventually(lambda: set(said) <= set(kitchen.type([show], COLUMNS="200").splitlines()), "what the README shows")
