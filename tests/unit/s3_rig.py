"""A real S3 beside the API: moto's server, in a thread; and servers that answer otherwise."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

import boto3
from moto.server import ThreadedMotoServer
from server_rig import Exchange, http_server, send

BUCKET = "code"


class S3Peer:
    """A server with one bucket. client: boto3's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client: Any = boto3.Session().client(  # the default one remembers whose profiles it read first
            "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="any"
        )
        self.client.create_bucket(Bucket=BUCKET)

    def put(self, key: str, body: bytes) -> str | None:
        """The version's id, if the bucket has versions."""
        version: str | None = self.client.put_object(Bucket=BUCKET, Key=key, Body=body).get("VersionId")
        return version

    def keep_versions(self) -> None:
        self.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


@contextmanager
def s3_served() -> Iterator[S3Peer]:
    """Until the block ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        urlopen(f"http://{host}:{port}/moto-api/reset", b"").close()  # its state is the process's
        peer = S3Peer(f"http://{host}:{port}")
        yield peer
        peer.client.close()
    finally:
        server.stop()


@contextmanager
def answering(status: int, body: bytes, announced: int | None = None) -> Iterator[str]:
    """The URL of a server that says the same to everybody. announced: a length that is not that of the body."""

    def answer(exchange: Exchange) -> None:
        exchange.close_connection = True
        send(exchange, body, status, Content_Length=str(len(body) if announced is None else announced))

    with http_server(answer) as url:
        yield url
