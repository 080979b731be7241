"""Services that somebody else serves: what is asked at our port is answered by them, whatever they do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from boto_rig import client_at
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from inside import FAST, probe
from own import free_port, own_emulator, served
from s3_rig import s3_served
from server_rig import Exchange, body_of, http_server, send

from lambda_emu.pool.endpoints import PREFIXED
from lambda_emu.services.neighbours.peer import NeighbourPeer

MB = 1024 * 1024
KEPT_MB = 24
"""A server may have so much more after a large body than before."""


@pytest.mark.parametrize("size", [5, 3 * MB])
def test_what_is_put_at_our_port_is_the_neighbours(tmp_path: Path, size: int) -> None:
    with s3_served() as theirs, own_emulator(tmp_path, "process", stems=0, service=f"s3={theirs.url}") as lam:
        ours = client_at(lam.url, "s3")

        ours.put_object(Bucket="code", Key="a b/ü", Body=b"x" * size)
        theirs.put("other", b"y" * size)

        assert theirs.client.get_object(Bucket="code", Key="a b/ü")["Body"].read() == b"x" * size
        assert ours.get_object(Bucket="code", Key="other")["Body"].read() == b"y" * size
        with pytest.raises(ClientError, match="NoSuchKey"):
            ours.get_object(Bucket="code", Key="none")
        assert lam.emulator.around.child.pid is None


def test_addresses_of_a_neighbours_queues_lead_to_us_outside_and_inside(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    with (
        served(theirs, "process") as other,
        own_emulator(ours, "process", stems=0, service=f"sqs={other.url}") as lam,
    ):
        queues = client_at(lam.url, "sqs")
        url = queues.create_queue(QueueName="jobs")["QueueUrl"]

        sent = probe(lam, Environment={"Variables": {"QUEUE_URL": url}}, **FAST).run("""
            import boto3, os
            sqs = boto3.client("sqs")
            sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody="one")
            url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody="two")
            result = url.startswith(os.environ["AWS_ENDPOINT_URL"])
        """)

        assert (sent, url) == (True, f"{lam.emulator.url}/000000000000/jobs")
        their_queues = client_at(other.url, "sqs")
        got = their_queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
        assert sorted(one["Body"] for one in got) == ["one", "two"]


def test_an_endpoint_that_is_ourselves_means_our_own(tmp_path: Path) -> None:
    port = free_port()
    with own_emulator(tmp_path, "process", stems=0, port=port, service=f"sqs=http://localhost:{port}") as lam:
        url = client_at(f"http://127.0.0.1:{port}", "sqs", "123456789012").create_queue(QueueName="jobs")["QueueUrl"]

        assert (lam.emulator.neighbours, url) == ((), f"http://127.0.0.1:{port}/123456789012/jobs")


def test_two_servers_that_name_each_other_are_told_so(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    with ExitStack() as running:
        for port, other in zip(ports, reversed(ports), strict=True):
            (folder := tmp_path / str(port)).mkdir()
            service = f"sqs=http://127.0.0.1:{other}"
            running.enter_context(own_emulator(folder, "process", stems=0, port=port, service=service))

        with pytest.raises(ClientError, match=r"LoopDetected.*leads back to lambda-emu"):
            client_at(f"http://127.0.0.1:{ports[0]}", "sqs").list_queues()


@pytest.mark.parametrize(
    ("service", "operation", "asked"),
    [
        ("s3", "list_buckets", {}),
        ("sqs", "list_queues", {}),
        ("dynamodb", "list_tables", {}),
        ("kinesis", "list_streams", {}),
        ("ses", "list_identities", {}),
        ("scheduler", "list_schedules", {}),
    ],
)
def test_a_neighbour_that_is_not_there_is_told_to_each_sdk(
    tmp_path: Path, service: str, operation: str, asked: dict[str, Any]
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with (
        own_emulator(tmp_path, "process", stems=0, service=f"{service}={nobody}") as lam,
        pytest.raises(ClientError) as raised,
    ):
        getattr(client_at(lam.url, service), operation)(**asked)

    assert raised.value.response["Error"]["Code"] == "ServiceUnavailable"
    assert re.search(rf"{nobody}, which --service names for {service}, cannot be reached", str(raised.value))


def test_a_neighbour_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NeighbourPeer, "silence_s", 0.5)
    over = Event()
    with (
        http_server(lambda _: over.wait(60)) as url,
        own_emulator(tmp_path, "process", stems=0, service=f"dynamodb={url}") as lam,
    ):
        try:
            with pytest.raises(ClientError, match=r"said nothing for 0\.5 s"):
                client_at(lam.url, "dynamodb").list_tables()
        finally:
            over.set()


def test_a_neighbour_that_breaks_off_is_told_and_asked_anew(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(exchange: Exchange) -> None:
        asked.append(exchange.path)
        body_of(exchange)
        if len(asked) == 1:
            exchange.close_connection = True
            return
        send(exchange, b'{"TableNames": []}', Connection="keep-alive")

    with (
        http_server(answer) as url,
        own_emulator(tmp_path, "process", stems=0, service=f"dynamodb={url}/base/") as lam,
    ):
        tables = client_at(lam.url, "dynamodb")
        with pytest.raises(ClientError, match="hung up"):
            tables.list_tables()
        said = tables.list_tables()

    assert (asked, said["TableNames"]) == (["/base/", "/base/"], [])
    assert "connection" not in said["ResponseMetadata"]["HTTPHeaders"]  # of one hop


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_neighbour_behind_tls_is_asked_by_its_own_name_over_kept_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_trusted: bool
) -> None:
    file = certificate(tmp_path)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    asked: list[tuple[str, int]] = []

    def answer(exchange: Exchange) -> None:
        asked.append((exchange.headers["Host"], exchange.client_address[1]))
        body_of(exchange)
        send(exchange, b'{"TableNames": []}')

    with (
        http_server(answer, certificate=file) as url,
        own_emulator(tmp_path / "own", "process", stems=0, project=tmp_path, service=f"dynamodb={url}") as lam,
    ):
        tables = client_at(lam.url, "dynamodb")
        if is_trusted:
            assert [tables.list_tables()["TableNames"] for _ in range(3)] == [[]] * 3
            assert [host for host, _ in asked] == [url.removeprefix("https://")] * 3
            assert len({port for _, port in asked}) == 1
        else:
            with pytest.raises(ClientError, match=r"cannot be reached .*certificate"):
                tables.list_tables()


def certificate(folder: Path) -> Path:
    """Of 127.0.0.1, with its key, signed by itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "neighbour")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    written = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "certificate.pem"
    file.write_bytes(written + made.public_bytes(pem))
    return file


def test_bodies_of_any_size_pass_in_little_memory(tmp_path: Path) -> None:
    size, piece = 96 * MB, b"x" * MB
    taken: list[int] = []

    def answer(exchange: Exchange) -> None:
        left = int(exchange.headers.get("Content-Length") or 0)
        taken.append(left)
        while left:
            left -= len(exchange.rfile.read(min(left, MB)))
        exchange.send_response(200)
        exchange.send_header("ETag", '"1"')
        exchange.send_header("Content-Length", str(size if exchange.command == "GET" else 0))
        exchange.end_headers()
        if exchange.command == "GET":
            for _ in range(size // MB):
                exchange.wfile.write(piece)

    def pieces() -> Iterator[bytes]:
        for _ in range(size // MB):
            yield piece

    with http_server(answer) as url, served(tmp_path, "process", "--service", f"s3={url}") as lam:
        s3 = client_at(lam.url, "s3")
        s3.put_object(Bucket="large", Key="small", Body=b"x")
        lam.client.list_functions()  # what the server imports only now is there before
        before = peak_mb(lam.process.pid)

        file = tmp_path / "large"
        with file.open("wb") as written:
            for one in pieces():
                written.write(one)
        with file.open("rb") as body:
            s3.put_object(Bucket="large", Key="key", Body=body)
        got = sum(len(chunk) for chunk in s3.get_object(Bucket="large", Key="key")["Body"].iter_chunks(MB))

        assert (taken[1], got) == (size, size)
        assert peak_mb(lam.process.pid) - before < KEPT_MB


def peak_mb(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) // 1024


def test_environments_are_told_where_others_serve_what_they_can_reach(tmp_path: Path) -> None:
    there = "dynamodb=http://192.0.2.1:8000,sqs=http://localhost:9324,logs=aws"
    with own_emulator(tmp_path, "process", stems=0, service=there) as lam:
        found = probe(lam).run("import os; result = {k: v for k, v in os.environ.items() if k.startswith('AWS_ENDP')}")

    assert found.pop("AWS_ENDPOINT_URL").startswith("http://127.")
    for name in PREFIXED:
        found.pop(name, None)
    assert found == {"AWS_ENDPOINT_URL_DYNAMODB": "http://192.0.2.1:8000"}


def test_who_else_serves_what_is_said_at_the_start(tmp_path: Path) -> None:
    options = ("--service", "s3=aws", "--service", "sqs=http://127.0.0.1:1")
    with served(tmp_path, "process", *options) as lam:
        assert lam.process.stdout is not None
        said = [lam.process.stdout.readline() for _ in range(2)]

    assert said == [
        "AWS itself serves, to whoever asks lambda-emu as you, s3\n",
        "http://127.0.0.1:1 serves sqs\n",
    ]
