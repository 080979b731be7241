"""Objects that are larger than the memory which anybody would give for them, by boto3 and by hand."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from own import OwnLam, Served, own_emulator, served
from services_rig import ACCOUNT, sdk

MB = 1024 * 1024
PART_MB = 16
MOST_GROWTH_MB = 16
"""Of the services' process, whatever the object's size: what it has in hand, and what its allocator holds."""
SIGNED = {"Authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/us-east-1/s3/aws4_request"}
Eventually = Callable[[Callable[[], Any], str], Any]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("large"), "process", stems=0, account=ACCOUNT) as lam:
        sdk(lam, "s3").create_bucket(Bucket="large")
        yield lam


@pytest.fixture
def lam(shared: OwnLam) -> Iterator[OwnLam]:
    yield shared
    s3 = sdk(shared, "s3")
    for found in s3.list_objects_v2(Bucket="large").get("Contents", []):
        s3.delete_object(Bucket="large", Key=found["Key"])


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 96 MB of which no two parts are the same."""
    path = tmp_path_factory.mktemp("photo") / "photo"
    block = os.urandom(MB)
    with path.open("wb") as file:
        for number in range(96):
            file.write(number.to_bytes(8, "big") + block[8:])
    return path


class Peak:
    """How much more memory a process takes from now on, at its peak."""

    def __init__(self, pid: int | None) -> None:
        self._process = Path(f"/proc/{pid}")
        (self._process / "clear_refs").write_text("5")
        self._before = self._read("VmRSS")

    @property
    def growth_mb(self) -> int:
        return (self._read("VmHWM") - self._before) // 1024

    def _read(self, member: str) -> int:
        lines = (self._process / "status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(member)).split()[1])


def md5_of(pieces: Iterator[bytes]) -> str:
    found = hashlib.md5(usedforsecurity=False)
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(MB), b"")


def fetched(s3: Any, key: str) -> str:
    return md5_of(s3.get_object(Bucket="large", Key=key)["Body"].iter_chunks(MB))


def put_in_parts(s3: Any, key: str, path: Path) -> Any:
    upload = {"Bucket": "large", "Key": key}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    parts: list[dict[str, Any]] = []
    with path.open("rb") as file:
        while data := file.read(PART_MB * MB):
            number = len(parts) + 1
            etag = s3.upload_part(**upload, PartNumber=number, Body=data)["ETag"]
            parts.append({"PartNumber": number, "ETag": etag})
    return s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def bodies(lam: OwnLam) -> list[Path]:
    """The files that objects are in, and those that are on their way."""
    data = lam.emulator.settings.data_dir
    return [*(data / "services" / "bodies").iterdir(), *(data / "spool").iterdir()]


def test_a_large_object_takes_no_memory_however_it_comes_and_goes(lam: OwnLam, photo: Path) -> None:
    s3, whole = sdk(lam, "s3"), md5_of(read(photo))
    peak = Peak(lam.emulator.around.child.pid)

    with photo.open("rb") as file:
        assert s3.put_object(Bucket="large", Key="one", Body=file)["ETag"] == f'"{whole}"'
    put_in_parts(s3, "parts", photo)
    s3.copy_object(Bucket="large", Key="copy", CopySource="large/parts")

    assert [fetched(s3, key) for key in ("one", "parts", "copy")] == [whole] * 3
    assert s3.head_object(Bucket="large", Key="copy")["ETag"] == f'"{whole}"'
    assert peak.growth_mb < MOST_GROWTH_MB


def test_parts_may_be_cut_out_of_other_objects(lam: OwnLam) -> None:
    s3, content = sdk(lam, "s3"), os.urandom(17 * MB)
    s3.upload_fileobj(io.BytesIO(content), "large", "parts", Config=TransferConfig(multipart_chunksize=5 * MB))
    begin, end = 5 * MB - 7, 15 * MB + 3  # over the bounds of parts

    upload = {"Bucket": "large", "Key": "cut"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    cut = {"CopySource": "large/parts", "CopySourceRange": f"bytes={begin}-{end}"}
    made = [s3.upload_part_copy(**upload, **cut, PartNumber=number)["CopyPartResult"] for number in (1, 2)]
    parts = [{"PartNumber": number, "ETag": each["ETag"]} for number, each in enumerate(made, 1)]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

    expected = content[begin : end + 1]
    assert s3.get_object(Bucket="large", Key="cut")["Body"].read() == expected * 2
    asked = {"Bucket": "large", "Key": "cut", "Range": f"bytes={len(expected) - 5}-{len(expected) + 4}"}
    assert s3.get_object(**asked)["Body"].read() == expected[-5:] + expected[:5]


def test_a_file_in_a_form_takes_no_memory(lam: OwnLam, photo: Path) -> None:
    s3 = sdk(lam, "s3")
    form = s3.generate_presigned_post("large", "posted")
    fields = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value.encode())
        for name, value in form["fields"].items()
    )
    head = fields + b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    peak = Peak(lam.emulator.around.child.pid)

    length = len(head) + photo.stat().st_size + len(b"\r\n--x--\r\n")
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(length)}
    there = urlsplit(form["url"])
    with closing(HTTPConnection(there.hostname or "", there.port, timeout=60)) as connection:
        connection.request("POST", there.path, iter([head, *read(photo), b"\r\n--x--\r\n"]), headers)
        assert connection.getresponse().status == 204

    assert fetched(s3, "posted") == md5_of(read(photo))
    assert peak.growth_mb < MOST_GROWTH_MB


def test_objects_are_whole_after_a_kill(tmp_path: Path, eventually: Eventually) -> None:
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT) as lam:
        s3, content = sdk(lam, "s3"), os.urandom(11 * MB)
        s3.create_bucket(Bucket="large")
        s3.upload_fileobj(io.BytesIO(content), "large", "parts", Config=TransferConfig(multipart_chunksize=5 * MB))
        s3.copy_object(Bucket="large", Key="copy", CopySource="large/parts")
        before = s3.head_object(Bucket="large", Key="parts")["ETag"]
        pid = lam.emulator.around.child.pid
        assert pid is not None

        os.kill(pid, signal.SIGKILL)
        eventually(lambda: lam.emulator.around.child.pid != pid, "its end to be seen")

        assert s3.head_object(Bucket="large", Key="parts")["ETag"] == before
        assert [s3.get_object(Bucket="large", Key=key)["Body"].read() for key in ("parts", "copy")] == [content] * 2


def test_nothing_is_left_of_an_object_that_was_not_to_be_kept(tmp_path: Path, eventually: Eventually) -> None:
    """Where everything is forgotten at the end, an object's file goes with it."""
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT, ephemeral=True) as lam:
        s3, content = sdk(lam, "s3"), os.urandom(MB)
        s3.create_bucket(Bucket="large")
        s3.put_object(Bucket="large", Key="first", Body=content)
        s3.copy_object(Bucket="large", Key="copy", CopySource="large/first")
        socket_path = Path(f"/proc/{lam.emulator.around.child.pid}/cmdline").read_bytes().split(b"\0")[-4]
        folder = Path(socket_path.decode()).parent / "bodies"
        assert len(list(folder.iterdir())) == 1

        s3.put_object(Bucket="large", Key="first", Body=b"small")
        assert s3.get_object(Bucket="large", Key="copy")["Body"].read() == content
        s3.delete_object(Bucket="large", Key="copy")

        eventually(lambda: list(folder.iterdir()) == [], "its file to be removed")


def test_what_is_refused_or_broken_off_leaves_nothing(lam: OwnLam, eventually: Eventually) -> None:
    s3, there, body = sdk(lam, "s3"), urlsplit(lam.emulator.url), os.urandom(3 * MB)
    before = bodies(lam)
    s3.put_object(Bucket="large", Key="there", Body=b"")

    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.put_object(Bucket="not-there", Key="k", Body=body)
    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(Bucket="large", Key="k", Body=body, ChecksumCRC32=b64encode(bytes(4)).decode())
    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(Bucket="large", Key="k", Body=body, ContentMD5=b64encode(bytes(16)).decode())
    with closing(HTTPConnection(there.hostname or "", there.port, timeout=20)) as connection:
        connection.request("PUT", "/large/unsigned", body)
        assert connection.getresponse().status == 403
    with socket.create_connection((there.hostname, there.port), timeout=20) as client:
        head = f"PUT /large/k HTTP/1.1\r\nHost: x\r\nContent-Length: {2 * len(body)}\r\n"
        client.sendall(head.encode() + b"Authorization: %b\r\n\r\n" % SIGNED["Authorization"].encode() + body)

    assert [found["Key"] for found in s3.list_objects_v2(Bucket="large")["Contents"]] == ["there"]
    eventually(lambda: bodies(lam) == before, "what was left to be removed")


def test_more_than_one_put_may_have_is_refused_before_it_comes(lam: OwnLam) -> None:
    there = urlsplit(lam.emulator.url)
    with closing(HTTPConnection(there.hostname or "", there.port, timeout=20)) as connection:
        connection.putrequest("PUT", "/large/too-large")
        for name, value in {**SIGNED, "Content-Length": str(5 * 1024 * MB + 1), "Expect": "100-continue"}.items():
            connection.putheader(name, value)
        connection.endheaders()

        said = connection.getresponse()

        assert (said.status, b"<Code>EntityTooLarge</Code>" in said.read()) == (400, True)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"3\r\nabc\r\n", "IncompleteBody"),
        (b"3\r\nab", "IncompleteBody"),
        (b"5\r\nabc\r\n0\r\n\r\n", "IncompleteBody"),
        (b"z\r\nabc\r\n0\r\n\r\n", "IncompleteBody"),
        (b"2\r\nab\r\n0\r\n\r\n", "IncompleteBody"),  # it was to have three
        (b"-3\r\nabc\r\n0\r\n\r\n", "IncompleteBody"),
        (b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "BadDigest"),
        (b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:?\r\n\r\n", "InvalidRequest"),
        (b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:%b\r\n\r\n" % b64encode(crc32(b"abc").to_bytes(4, "big")), ""),
    ],
)
def test_a_body_in_pieces_is_what_it_says_or_refused(lam: OwnLam, body: bytes, code: str) -> None:
    there = urlsplit(lam.emulator.url)
    told = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "3"}
    with closing(HTTPConnection(there.hostname or "", there.port, timeout=20)) as connection:
        for _ in range(2):  # by the same connection, which is where the next request begins
            connection.request("PUT", "/large/pieces", body, SIGNED | told)
            said = connection.getresponse()
            text = said.read().decode()
            assert (said.status, f"<Code>{code}</Code>" in text) == ((400, True) if code else (200, False)), text


@pytest.mark.parametrize(
    ("algorithm", "kind", "whole"),
    [
        ("CRC32", "FULL_OBJECT", lambda data: crc32(data).to_bytes(4, "big")),
        ("CRC32", "COMPOSITE", None),
        ("SHA256", "COMPOSITE", None),
    ],
)
def test_a_whole_has_the_checksum_that_its_parts_make(
    lam: OwnLam, algorithm: str, kind: str, whole: Callable[[bytes], bytes] | None
) -> None:
    """docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html"""
    s3, first, last = sdk(lam, "s3"), os.urandom(5 * MB), os.urandom(MB)
    upload = {"Bucket": "large", "Key": "summed"}
    made = s3.create_multipart_upload(**upload, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    upload["UploadId"] = made["UploadId"]
    sums, parts = b"", []
    for number, data in enumerate((first, last), 1):
        said = s3.upload_part(**upload, PartNumber=number, Body=data, ChecksumAlgorithm=algorithm)
        parts.append({"PartNumber": number, "ETag": said["ETag"]})
        sums += crc32(data).to_bytes(4, "big") if algorithm == "CRC32" else hashlib.sha256(data).digest()
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

    found = s3.get_object(Bucket="large", Key="summed", ChecksumMode="ENABLED")

    assert found["Body"].read() == first + last
    told = found[f"Checksum{algorithm}"]
    if whole is not None:
        assert told == b64encode(whole(first + last)).decode()
    else:
        expected = crc32(sums).to_bytes(4, "big") if algorithm == "CRC32" else hashlib.sha256(sums).digest()
        assert told == b64encode(expected).decode() + "-2"


@pytest.mark.slow
def test_five_gigabytes_come_and_go_in_little_memory_and_outlive_a_kill(tmp_path: Path) -> None:
    """As much as one put may have; the room that it took is there again 20 s after it was deleted."""
    source, block = tmp_path / "source", os.urandom(16 * MB)
    with source.open("wb") as file:
        for number in range(320):
            file.write(number.to_bytes(8, "big") + block[8:])
    whole = md5_of(read(source))
    with served(tmp_path, "process") as lam:
        s3 = sdk(lam, "s3", read_timeout=1800)
        s3.create_bucket(Bucket="large")
        processes = {name: Peak(pid) for name, pid in (("server", lam.process.pid), ("services", child_of(lam)))}
        with source.open("rb") as body:
            assert s3.put_object(Bucket="large", Key="one", Body=body)["ETag"] == f'"{whole}"'
        s3.upload_file(str(source), "large", "parts", Config=TransferConfig(multipart_chunksize=64 * MB))
        s3.copy_object(Bucket="large", Key="copy", CopySource="large/parts")
        assert fetched(s3, "one") == whole
        assert {name: peak.growth_mb for name, peak in processes.items() if peak.growth_mb > 64} == {}
        lam.process.kill()
        lam.process.wait(20)
    source.unlink()
    with served(tmp_path, "process") as lam:
        s3 = sdk(lam, "s3", read_timeout=1800)
        assert [fetched(s3, key) for key in ("parts", "copy")] == [whole] * 2
        for key in ("one", "parts", "copy"):
            s3.delete_object(Bucket="large", Key=key)
        kept = tmp_path / ".lambda-emu" / "services" / "bodies"
        deadline_s = monotonic() + 60
        while list(kept.iterdir()):
            assert monotonic() < deadline_s, "waited 60 s for the room to be there again"
            Event().wait(0.5)


def child_of(lam: Served) -> int:
    """The services' process."""
    lines: dict[int, bytes] = {number: Path(f"/proc/{number}/cmdline").read_bytes() for number, _ in lam.tree()}
    return next(number for number, line in lines.items() if b"services.child.program" in line)


def test_who_reads_objects_slowly_holds_up_no_other_service(lam: OwnLam) -> None:
    """As a page does whose videos are paused."""
    sdk(lam, "s3").put_object(Bucket="large", Key="slow", Body=bytes(8 * MB))
    there = urlsplit(lam.emulator.url)
    head = f"GET /large/slow HTTP/1.1\r\nHost: {there.netloc}\r\nAuthorization: {SIGNED['Authorization']}\r\n\r\n"
    with ExitStack() as readers:
        for _ in range(40):  # more than are served at once
            reader = readers.enter_context(socket.create_connection((there.hostname, there.port or 0), timeout=20))
            reader.sendall(head.encode())

        sdk(lam, "s3", read_timeout=20).put_object(Bucket="large", Key="other", Body=b"")

        assert sdk(lam, "dynamodb", read_timeout=20).list_tables()["TableNames"] == []
