"""Clients that begin with HTTP/2 at once, as some SDKs do: many requests at once on the port that others use too."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.events
import pytest
from api_rig import signed
from kinesis_rig import ACCOUNT, ARN, Kinesis, kinesis

from lambda_emu.http.preface import PREFACE, behind_preface

__all__ = ["kinesis"]
WAIT_S = 20


class Client:
    """One connection. Answers by the number of their request: status, body, and whether it has ended."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), WAIT_S)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.status: dict[int, str] = {}
        self.bodies: dict[int, bytes] = {}
        self.ended: set[int] = set()
        self.is_closed = False

    def ask(self, operation: str, body: dict[str, object]) -> int:
        number: int = self.h2.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":path", "/"),
            (":scheme", "http"),
            (":authority", "localhost"),
            ("x-amz-target", f"Kinesis_20131202.{operation}"),
            ("content-type", "application/x-amz-json-1.1"),
            ("authorization", signed(ACCOUNT).replace("/lambda/", "/kinesis/")),
        ]
        self.h2.send_headers(number, headers)
        data = json.dumps(body).encode()
        sent = 0
        while sent < len(data):
            while (room := min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size)) <= 0:
                self.receive()
            self.h2.send_data(number, data[sent : sent + room])
            sent += room
            self.flush()
        self.h2.end_stream(number)
        self.flush()
        return number

    def answer(self, number: int) -> tuple[str, dict[str, object]]:
        while number not in self.ended:
            self.receive()
        body = self.bodies.get(number, b"")
        return self.status[number], json.loads(body) if body else {}

    def flush(self) -> None:
        self._socket.sendall(self.h2.data_to_send())

    def receive(self) -> None:
        data = self._socket.recv(65536)
        assert data, "the server hung up"
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                self.status[event.stream_id] = str(dict(event.headers)[":status"])  # type: ignore[index]
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
                self.ended.add(event.stream_id)
        self.flush()

    def say_goodbye(self) -> None:
        """GOAWAY, of no error; the library would take nothing any more."""
        self._socket.sendall(b"\0\0\x08\x07\0\0\0\0\0" + bytes(8))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def client(kinesis: Kinesis) -> Iterator[Client]:
    client = Client(kinesis.port)
    yield client
    client.close()


def test_many_requests_are_served_at_once_on_one_connection(kinesis: Kinesis, client: Client) -> None:
    kinesis.create("s", 2)
    asked = [
        client.ask("PutRecord", {"StreamName": "s", "Data": "eA==", "PartitionKey": str(number)})
        for number in range(90)
    ]

    answers = [client.answer(number) for number in asked]

    assert {status for status, _ in answers} == {"200"}
    assert len({str(body["SequenceNumber"]) for _, body in answers}) == 90
    assert client.answer(client.ask("DescribeStream", {"StreamName": "absent"}))[0] == "400"


def test_who_says_goodbye_is_answered_what_was_asked_before(kinesis: Kinesis, client: Client) -> None:
    """Node's SDK ends its session as soon as it has the head of an event stream."""
    kinesis.create("s")
    wanted = {"StreamARN": ARN + "s", "ConsumerName": "c"}
    consumer = kinesis.client.register_stream_consumer(**wanted)["Consumer"]["ConsumerARN"]
    asked = {"ConsumerARN": consumer, "ShardId": "shardId-000000000000", "StartingPosition": {"Type": "LATEST"}}
    number = client.ask("SubscribeToShard", asked)
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
            client.answer(client.ask("PutRecord", {"StreamName": "s", "Data": data, "PartitionKey": "k"}))[0] == "200"
        )

    status, body = client.answer(client.ask("GetRecords", {"ShardIterator": kinesis.iterator("s")}))

    assert status == "200"
    assert [len(one["Data"]) for one in body["Records"]] == [1_300_000] * 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("cut", range(1, len(PREFACE)))
def test_the_beginning_is_known_in_whatever_pieces_it_comes(kinesis: Kinesis, cut: int) -> None:
    with socket.create_connection(("127.0.0.1", kinesis.port), WAIT_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(PREFACE[:cut])
        kinesis.loop.ask(lambda: None, 10)
        connection.sendall(PREFACE[cut:] + b"\0\0\0\4\0\0\0\0\0")

        assert connection.recv(9)[3] == 4  # SETTINGS


@pytest.mark.parametrize("junk", [b"\0\0\0\0\0\0\0\0\1" * 9, b"\0\xff\xff\1\4\0\0\0\1" + b"x" * 20_000])
def test_who_breaks_the_rules_is_hung_up_on(kinesis: Kinesis, junk: bytes) -> None:
    with socket.create_connection(("127.0.0.1", kinesis.port), WAIT_S) as connection:
        connection.sendall(PREFACE + b"\0\0\0\4\0\0\0\0\0" + junk)
        try:
            while connection.recv(65536):
                pass
        except ConnectionResetError:
            pass

    assert kinesis.client.list_streams()["StreamNames"] == []


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
