"""The example of a stream, as its README runs it: windows are summed up, and what cannot be read is found."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from boto_rig import client_at
from example_rig import Example, served_example
from own import QUICKER
from waiting import Eventually

TYPED = re.compile(r"^[$>] (?!lambda-emu serve)(.*)", re.MULTILINE)


class Shop(Example):
    def sell(self, sale: bytes) -> Any:
        with urlopen(Request(self.url, sale), timeout=60) as answer:
            return json.load(answer)

    def received(self, queue: str) -> list[Any]:
        """What is taken out of it."""
        sqs = client_at(self.lam.url, "sqs")
        found = sqs.receive_message(QueueUrl=f"{self.lam.url}/000000000000/{queue}", MaxNumberOfMessages=10)
        for message in found.get("Messages", []):
            handle = message["ReceiptHandle"]
            sqs.delete_message(QueueUrl=f"{self.lam.url}/000000000000/{queue}", ReceiptHandle=handle)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]


@pytest.fixture(scope="module", params=QUICKER)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with served_example(Shop, "stream", tmp_path_factory.mktemp("stream"), request.param) as shop:
        yield shop


def test_what_a_window_sold_is_summed_up(shop: Shop, eventually: Eventually) -> None:
    sold: Counter[str] = Counter()
    for number in range(20):
        product = ("tea", "coffee", "cake", "water")[number % 4]
        shop.sell(json.dumps({"product": product, "price": number}).encode())
        sold[product] += number
    told: Counter[str] = Counter()

    def are_told() -> bool:
        for total in shop.received("totals"):
            told.update(total["sums"])
        return told == sold

    shop.type(["lambda-emu clock advance 20s --data-dir examples/stream/.lambda-emu"])
    eventually(are_told, "all sums, over one window or two")


def test_a_sale_that_cannot_be_read_is_found_alone(shop: Shop, eventually: Eventually) -> None:
    kinesis = client_at(shop.lam.url, "kinesis")
    entry = {"PartitionKey": "tea", "Data": b'{"product": "tea", "price": 1}'}
    bad = {"PartitionKey": "tea", "Data": b"no JSON"}

    put = kinesis.put_records(StreamName="sales", Records=[entry, entry, bad, entry])["Records"]

    (told,) = eventually(lambda: shop.received("refused"), "what is told of it")
    info = told["KinesisBatchInfo"]
    assert (info["startSequenceNumber"], info["batchSize"]) == (put[2]["SequenceNumber"], 1)


@pytest.mark.parametrize("sale", [b"", b"[]", b"{}", b'{"product": "tea"}', b'{"product": "tea", "price": "free"}'])
def test_what_is_no_sale_is_refused(shop: Shop, sale: bytes) -> None:
    with pytest.raises(HTTPError, match="400"):
        shop.sell(sale or b" ")


def test_what_the_readme_tells_to_type_shows_what_it_says(shop: Shop, aws_cli: Path) -> None:
    typed = TYPED.findall(shop.readme())

    shown = shop.type(typed, aws_cli.parent)

    assert len(typed) >= 9
    for said in ('"shard": "shardId-00000000000', r"\"sums\": {\"tea\": ", r"\"KinesisBatchInfo\":"):
        assert said in shown
