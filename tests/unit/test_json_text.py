"""The body of an invocation is JSON or refused, as AWS's parser would, however large it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cost_rig import cpu_s, times_as_much
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambda_emu.errors.request import PayloadNotJson
from lambda_emu.text.json_text import PARSED_BYTES, check_json, refusal

REFUSED = yaml.safe_load((Path(__file__).parent.parent / "contract" / "not_json.yaml").read_text())
LARGE = b" " * PARSED_BYTES  # in front of a text it makes the text one that is scanned, not parsed


def accepts(text: bytes) -> bool:
    try:
        check_json(text)
    except PayloadNotJson:
        return False
    return True


@pytest.mark.parametrize("case", REFUSED, ids=[case["text"] for case in REFUSED])
def test_what_is_no_json_is_refused_with_the_sentence_of_jackson(case: dict[str, Any]) -> None:
    with pytest.raises(PayloadNotJson) as refused:
        check_json(case["text"].encode("latin-1"))

    source = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: "
    place = f"\n at {source}{case['column']}]"
    prefix = "Could not parse request body into json: Could not parse payload into json: "
    assert refused.value.text == prefix + case["says"].replace("[Source: ", source) + place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"[1,\n2 3]", "line: 2, column: 3"),
        (b"[1,\r\n2 3]", "line: 2, column: 3"),
        (b"[1,\r2\r\r3 4]", "line: 4, column: 1"),
        (b"\xef\xbb\xbf[1 2]", "line: 1, column: 7"),
        (b"a" * 300, "line: 1, column: 257"),  # 256 characters are read of a word that is none
    ],
    ids=["LF", "CRLF", "CR", "byte order mark", "long word"],
)
def test_lines_end_as_jackson_ends_them_and_columns_count_bytes(text: bytes, place: str) -> None:
    with pytest.raises(PayloadNotJson) as refused:
        check_json(text)

    assert refused.value.text is not None
    assert refused.value.text.endswith(f"; {place}]")


@pytest.mark.parametrize(
    "text",
    [
        b"null",
        b'"text"',
        b"-0.5e+10",
        b" [ ] ",
        b'{"a": {}, "b": [1, [2, [3, [4, [5]]]]], "a": 2}',
        b'"\\ud800"',  # a lone surrogate, escaped
        b'"\xed\xa0\x80"',  # and encoded
        b"\xef\xbb\xbf{}",
        b"[" * 999 + b"]" * 999,
        b"1" * 1000,
    ],
    ids=lambda text: text[:20].decode("latin-1"),
)
def test_what_jackson_takes_is_taken_small_or_large(text: bytes) -> None:
    check_json(text)
    check_json(text + LARGE)


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 1001 + b"]" * 1001,
        b"1" * 1001,
        b'{"a": [0.' + b"1" * 1001 + b"]}",
        b"[%s1e-%s]" % (b" " * 77, b"2" * 1001),
    ],
    ids=lambda text: text[:12].decode(),
)
def test_jackson_has_limits_of_its_own(text: bytes) -> None:
    assert not accepts(text)
    assert not accepts(text + LARGE)


def test_a_text_of_digits_is_no_long_number() -> None:
    check_json(b'["' + b"1" * 5000 + b'"]')


def test_a_value_longer_than_a_window_is_followed_to_its_end() -> None:
    long = b"x\\n" * PARSED_BYTES

    check_json(b'{"a": ["' + long + b'", {"' + long + b'": 1}]}')

    assert not accepts(b'{"a": ["' + long + b'\n"]}')
    assert not accepts(b'{"a": ["' + long)
    assert not accepts(b'{"a": ["' + long + b'\xff"]}')


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=30,
)


@given(values, st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_json_text_is_taken(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

    check_json(text + LARGE)


@given(st.text(st.sampled_from('{}[],:"0123456789.eE+-\\ntrufalsx \n\x01é'), max_size=14).map(str.encode))
@example(b"[1,]")
@example(b'{"a":1,}')
@example(b"[true,nullx]")
@example(b"1.e5")
@settings(max_examples=400, deadline=None)
def test_the_scan_decides_as_a_parser_does(text: bytes) -> None:
    try:
        json.loads(text, parse_constant=lambda name: json.loads("!" + name))
    except ValueError:
        parses = False
    else:
        parses = True

    assert accepts(text + LARGE) == parses


@pytest.mark.parametrize("depth", [997, 998, 999, 1000])
def test_items_at_the_greatest_depth_cost_no_more_than_others(depth: int) -> None:
    """They were looked at one by one: 64 KB of them held up everybody for 56 ms, fifteen times what flat ones do."""
    flat, deep = b"[" + b"1," * 32_000, b"[" * depth + b"1," * 32_000

    def cost_s(text: bytes) -> float:
        assert refusal(text) is not None
        return cpu_s(lambda: refusal(text))

    assert times_as_much(lambda: cost_s(deep), lambda: cost_s(flat), enough=7) < 7
