"""A zip is decoded past the JSON parser; nobody can tell from what comes of a body."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from lambda_emu.api.wire.shapes import BlobShape, read_json
from lambda_emu.api.wire.unwrap import zip_holder
from lambda_emu.api.wire.zip_text import APART_BYTES, find_zip, read_body
from lambda_emu.errors.request import MalformedRequest

ZIP = bytes(range(256)) * 100
TEXT = base64.b64encode(ZIP).decode()
OTHER = base64.b64encode(ZIP[::-1]).decode()
BLOB = BlobShape("Blob")

WHOLE = [
    f'{{"Code": {{"ZipFile": "{TEXT}"}}}}',
    f'{{"FunctionName":"f","Code":{{"ZipFile":"{TEXT}"}},"Description":"\\u00e9 é"}}',
    f'{{"Content" : {{ "ZipFile"\n:\t"{TEXT}" , "S3Key": null}}, "n": [1.5, -2e3, true]}}',
    f'{{"ZipFile":"{TEXT}","DryRun":true}}',
    f'{{"ZipFile":"{TEXT}","ZipFile":"{OTHER}"}}',
    f'{{"ZipFile":"{OTHER}","Code":{{"ZipFile":"{TEXT}"}}}}',
    f'{{"Tags":{{"ZipFile":"{TEXT}"}},"Code":{{"ZipFile":"{OTHER}"}}}}',
    f'{{"Tags":{{"ZipFile":"{TEXT}"}}}}',
    f'{{"Tags":{{"a\\"ZipFile":"{TEXT}"}},"Code":{{"ZipFile":"UEs="}}}}',
    f'{{"Description":"\\"ZipFile\\":\\"{TEXT}\\"","Code":{{"ZipFile":"UEs="}}}}',
    f'{{"Code":{{"Zip\\u0046ile":"{TEXT}"}}}}',
    f'{{"Code":{{"ZipFile":"{TEXT.replace("/", chr(92) + "/")}"}}}}',
    f'{{"Code":{{"ZipFile":"{TEXT}","ZipFile":null}}}}',
    f'[{{"ZipFile":"{TEXT}"}}]',
]
REFUSED = [
    f'{{"Code":{{"ZipFile":"{TEXT}"}}',
    f'{{"Code":{{"ZipFile":"{TEXT}"}}}} more',
    f'{{"Code":{{"ZipFile":"{TEXT}}}}}',
    f'{{"Code":{{"ZipFile":"{TEXT}"x}}}}',
    f'{{"Code":{{"ZipFile":-"{TEXT}"}}}}',
    f'{{"Code":{{""ZipFile":"{TEXT}"}}}}',
    f'{{"Code":{{"ZipFile":"{TEXT}"}},"Timeout":NaN}}',
    f'{{"Code":{{"ZipFile":"{TEXT}"}},"Timeout":-Infinity}}',
    f'{{"Timeout":Infinity,"Code":{{"ZipFile":"{TEXT}"}}}}',
    f'{{"Code":{{"ZipFile":"{TEXT}"}},"Description":"\n"}}',
    f'\ufeff{{"Code":{{"ZipFile":"{TEXT}"}}}}',
    f'{{"Code":{{"ZipFile":"{TEXT[:20000]}*{TEXT[20000:]}"}}}}',
    f'{{"Code":{{"ZipFile":"{TEXT[:-1]}"}}}}',
    f'{{"Code":{{"ZipFile":"{TEXT[:20000]}é{TEXT[20000:]}"}}}}',
]


def read_plainly(body: bytes) -> Any:
    """As it is read without any of this."""
    return decode_zip(read_json(body))


def decode_zip(whole: Any) -> Any:
    holder = zip_holder(whole) if isinstance(whole, dict) else {}
    if holder.get("ZipFile") is not None:
        holder["ZipFile"] = BLOB.read(holder["ZipFile"])
    return whole


@pytest.mark.parametrize("text", WHOLE)
def test_a_body_with_a_large_zip_is_read_as_the_parser_reads_it(text: str) -> None:
    assert len(TEXT) > APART_BYTES

    assert decode_zip(read_body(text.encode())) == read_plainly(text.encode())


@pytest.mark.parametrize("text", REFUSED)
def test_a_body_with_a_large_zip_is_refused_as_the_parser_refuses_it(text: str) -> None:
    with pytest.raises(MalformedRequest) as plainly:
        read_plainly(text.encode())

    with pytest.raises(MalformedRequest) as apart:
        decode_zip(read_body(text.encode()))

    assert str(apart.value) == str(plainly.value)


def test_what_is_no_utf8_is_refused_beside_a_large_zip_too() -> None:
    with pytest.raises(MalformedRequest, match="Could not parse request body into json"):
        read_body(b'{"Code":{"ZipFile":"' + TEXT.encode() + b'"},"Description":"\xff"}')


def test_a_large_zip_is_decoded_where_it_belongs() -> None:
    for body in ({"Code": {"ZipFile": TEXT}}, {"Content": {"ZipFile": TEXT}}, {"ZipFile": TEXT}):
        assert zip_holder(read_body(json.dumps(body).encode()))["ZipFile"] == ZIP


@pytest.mark.parametrize("body", [b"", b"{}", b'{"ZipFile": 1}', b'{"ZipFile": "never ends', b'{"zipFile":"UEs="}'])
def test_there_may_be_no_zip(body: bytes) -> None:
    assert find_zip(body) == (0, 0)
