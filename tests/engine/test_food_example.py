"""The example of food, as its README runs it: a meal that a card does not take is undone, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from boto_rig import client_at
from example_rig import Example, served_example
from own import QUICKER
from waiting import Eventually

MEAL = "arn:aws:states:us-east-1:000000000000:execution:meal"


class Counter(Example):
    def order(self, dish: str, count: int) -> str:
        """The id of a meal."""
        body = json.dumps({"dish": dish, "count": count}).encode()
        with urlopen(Request(f"{self.url}meals", body, {"Content-Type": "application/json"}), timeout=30) as answer:
            return str(json.load(answer)["id"])

    def told(self, id: str) -> Any:
        """How it ended; None: it has not."""
        try:
            with urlopen(f"{self.url}meals/{id}", timeout=30) as answer:
                return json.load(answer)
        except HTTPError as error:
            if error.code == 404:
                return None
            raise

    def portions(self, dish: str) -> int:
        row = client_at(self.lam.url, "dynamodb").get_item(TableName="portions", Key={"dish": {"S": dish}})["Item"]
        return int(row["portions"]["N"])

    def entered(self, id: str) -> list[str]:
        """The states of its execution, as it came to them."""
        states = client_at(self.lam.url, "stepfunctions")
        events = states.get_execution_history(executionArn=f"{MEAL}:{id}")["events"]
        return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


@pytest.fixture(scope="module", params=QUICKER)
def counter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    with served_example(Counter, "food", tmp_path_factory.mktemp("food"), request.param) as counter:
        yield counter


def test_a_meal_is_paid_though_the_line_is_busy_first(counter: Counter, eventually: Eventually) -> None:
    id = counter.order("ramen", 2)

    assert eventually(lambda: counter.told(id), "its end") == {"id": id, "state": "PAID", "why": "24 paid"}
    assert counter.entered(id) == ["Set aside", "Pay", "Tell of the meal"]
    assert counter.portions("ramen") == 8


def test_a_meal_that_a_card_does_not_take_is_undone(counter: Counter, eventually: Eventually) -> None:
    id = counter.order("curry", 9)

    told = eventually(lambda: counter.told(id), "its end")
    assert told == {"id": id, "state": "CANCELLED", "why": "CardDeclined"}
    assert counter.portions("curry") == 10
    states = client_at(counter.lam.url, "stepfunctions")
    ended = eventually(lambda: _over(states.describe_execution(executionArn=f"{MEAL}:{id}")), "the execution's end")
    assert (ended["status"], ended["error"]) == ("FAILED", "CardDeclined")
    assert json.loads(ended["cause"])["errorMessage"] == "The card did not take 108."
    assert counter.entered(id) == ["Set aside", "Pay", "Take back", "Tell of the cancellation", "Cancelled"]


def test_what_is_sold_out_is_not_paid(counter: Counter, eventually: Eventually) -> None:
    id = counter.order("pho", 11)

    told = eventually(lambda: counter.told(id), "its end")
    assert told == {"id": id, "state": "CANCELLED", "why": "SoldOut"}
    assert counter.entered(id) == ["Set aside", "Tell of the cancellation", "Cancelled"]


def test_what_the_readme_tells_to_type_orders_meals(counter: Counter, eventually: Eventually) -> None:
    readme = counter.readme()
    block = readme[readme.index("$ API=") :].partition("```")[0]
    orders = [line[2:] for line in block.splitlines() if line.startswith("$ curl")]

    typed = counter.type([f"API={counter.url.rstrip('/')}", *orders])

    said = [json.loads(line) for line in typed.replace("}{", "}\n{").splitlines() if line]

    assert [list(one) for one in said] == [["id"], ["id"]]
    paid, declined = (eventually(partial(counter.told, one["id"]), "its end") for one in said)
    assert (paid["state"], declined["state"]) == ("PAID", "CANCELLED")


def _over(execution: Any) -> Any:
    return None if execution["status"] == "RUNNING" else execution
