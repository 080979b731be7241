"""Clients that begin with HTTP/2 at once, as some SDKs do: many requests at once on the port that others use too."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from api_rig import signed
from ground_rig import ACCOUNT
from http2_rig import Client
from kinesis_rig import ARN, Kinesis, kinesis

from lambda_emu.http.http2.preface import PREFACE, behind_preface

__all__ = ["kinesis"]
WAIT_S = 20


def ask(client: Client, operation: str, body: dict[str, object]) -> int:
    headers = [
        ("x-amz-target", f"Kinesis_20131202.{operation}"),
        ("content-type", "application/x-amz-json-1.1"),
        ("authorization", signed(ACCOUNT).replace("/lambda/", "/kinesis/")),
    ]
    number = client.begin("POST", "/", headers)
    client.send(number, json.dumps(body).encode(), ends=True)
    return number


def answer(client: Client, number: int) -> tuple[str, dict[str, Any]]:
    status, body = client.answer(number)
    return status, json.loads(body) if body else {}


@pytest.fixture
def client(kinesis: Kinesis) -> Iterator[Client]:
    client = Client(kinesis.port)
    yield client
    client.close()


def test_many_requests_are_served_at_once_on_one_connection(kinesis: Kinesis, client: Client) -> None:
    kinesis.create("s", 2)
    asked = [
        ask(client, "PutRecord", {"StreamName": "s", "Data": "eA==", "PartitionKey": str(number)})
        for number in range(90)
    ]

    answers = [answer(client, number) for number in asked]

    assert {status for status, _ in answers} == {"200"}
    assert len({str(body["SequenceNumber"]) for _, body in answers}) == 90
    assert answer(client, ask(client, "DescribeStream", {"StreamName": "absent"}))[0] == "400"


def test_who_says_goodbye_is_answered_what_was_asked_before(kinesis: Kinesis, client: Client) -> None:
    """Node's SDK ends its session as soon as it has the head of an event stream."""
    kinesis.create("s")
    wanted = {"StreamARN": ARN + "s", "ConsumerName": "c"}
    consumer = kinesis.client.register_stream_consumer(**wanted)["Consumer"]["ConsumerARN"]
    asked = {"ConsumerARN": consumer, "ShardId": "shardId-000000000000", "StartingPosition": {"Type": "LATEST"}}
    number = ask(client, "SubscribeToShard", asked)
    while number not in client.status:
        client.receive()

    client.say_goodbye()
    kinesis.put("s", "pushed")

    while b"cHVzaGVk" not in client.bodies.get(number, b""):
        client.receive()
    kinesis.clock.advance(301)
    while number not in client.ended:
        client.receive()


def test_large_bodies_go_both_ways_as_fast_as_they_are_taken(kinesis: Kinesis, client: Client) -> None:
    kinesis.create("s")
    data = "x" * 1_300_000  # of base64
    for _ in range(3):
        assert (
            answer(client, ask(client, "PutRecord", {"StreamName": "s", "Data": data, "PartitionKey": "k"}))[0] == "200"
        )

    status, body = answer(client, ask(client, "GetRecords", {"ShardIterator": kinesis.iterator("s")}))

    assert status == "200"
    assert [len(one["Data"]) for one in body["Records"]] == [1_300_000] * 3


@pytest.mark.parametrize("cut", range(1, len(PREFACE)))
def test_the_beginning_is_known_in_whatever_pieces_it_comes(kinesis: Kinesis, cut: int) -> None:
    with socket.create_connection(("127.0.0.1", kinesis.port), WAIT_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(PREFACE[:cut])
        kinesis.loop.ask(lambda: None, 10)
        connection.sendall(PREFACE[cut:] + b"\0\0\0\4\0\0\0\0\0")

        assert connection.recv(9)[3] == 4  # SETTINGS


@pytest.mark.parametrize(
    ("data", "received", "rest"),
    [
        (PREFACE + b"x", 25, b"x"),
        (PREFACE[5:], 24, b""),
        (PREFACE[5:] + b"xy", 26, b"xy"),
        (PREFACE[:20], 20, None),
        (b"GET / HTTP/1.1\r\n\r\n" + PREFACE, 18 + 24, None),
        (b"x" * 30, 60, None),
    ],
)
def test_a_preface_is_what_a_connection_begins_with(data: bytes, received: int, rest: bytes | None) -> None:
    assert behind_preface(data, received) == rest
