"""Filter patterns of CloudWatch Logs: which events they match, what they find, what is refused."""

from __future__ import annotations

import re
import time
import tracemalloc
from collections.abc import Callable
from random import Random
from typing import TypeVar

import pytest

from lambda_emu.services.logs.patterns import MOST_CHARACTERS, PatternInvalid, parse_pattern
from lambda_emu.services.logs.patterns.regex import Regex

T = TypeVar("T")

ACCESS = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
TRAIL = (
    '{"eventName": "UpdateTrail", "user": {"id": 1, "email": "a@example.com"}, "ok": true, "none": null, "n": [4, 5]}'
)


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("", ["anything", ""], []),
        ("ERROR", ["[ERROR 400] bad", "ERRORS"], ["error", "fine"]),
        ("ERROR ARGUMENTS", ["ERROR of ARGUMENTS", "ARGUMENTS: ERROR"], ["ERROR", "ARGUMENTS"]),
        ("?ERROR ?WARN", ["an ERROR", "a WARN"], ["fine"]),
        ("ERROR -Exiting", ["ERROR"], ["ERROR Exiting"]),
        ('"INTERNAL SERVER ERROR"', ["an INTERNAL SERVER ERROR"], ["SERVER INTERNAL ERROR"]),
        ('"say \\"hi\\""', ['they say "hi"'], ["they say hi"]),
        ('-"a b"', ["b a"], ["a b"]),
        ('?"a b" ?c', ["a b", "c"], ["b a"]),
        ("%ERROR-[0-9]{3}%", ["ERROR-404"], ["ERROR-4x4"]),
        ("%^AUTH.*id=\\d+$%", ["AUTH of id=12"], [" AUTH id=12", "AUTH id=12 "]),
        ("%a|b\\.c%", ["xa", "b.c"], ["bxc"]),
        ("%[^a-c]x?y+\\x41%", ["dyyA", "zxyA"], ["ayA", "dA"]),
        ("%\\w\\W\\s\\S{2,}%", ["a- zz"], ["a- z"]),
    ],
)
def test_terms_find_lines_that_have_them(pattern: str, matching: list[str], others: list[str]) -> None:
    held = parse_pattern(pattern)

    assert [message for message in matching if held.match(message) is None] == []
    assert [message for message in others if held.match(message) is not None] == []


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.eventName = "UpdateTrail" }', True),
        ("{ $.eventName = UpdateTrail }", True),
        ('{ $.eventName = "Update*" }', True),
        ("{ $.eventName = *Trail }", True),
        ("{ $.eventName = Update }", False),
        ('{ $.eventName != "CreateTrail" }', True),
        ("{ $.missing != 1 }", False),
        ("{ $.user.id = 1 }", True),
        ("{ $.user.id = 1.0e0 }", True),
        ("{ $.user.id > 1 }", False),
        ("{ $.user.id >= 1 && $.user.id < 2 }", True),
        ("{ $.n[1] = 5 }", True),
        ("{ $.n[2] = 5 }", False),
        ("{ $.n[*] = 4 }", True),
        ("{ $.['user']['id'] = 1 }", True),
        ('{ $["user"].id = 1 }', True),
        ("{ $.ok IS TRUE }", True),
        ("{ $.ok is false }", False),
        ("{ $.none IS NULL }", True),
        ("{ $.missing NOT EXISTS }", True),
        ("{ $.user EXISTS }", True),
        ("{ $.user.email = %[a-z]+@example\\.com% }", True),
        ("{ ($.user.id = 2 || $.ok IS TRUE) && $.n[0] = 4 }", True),
        ("{ $.user.id = 2 && $.ok IS TRUE || $.n[0] = 4 }", True),
        ("{ $.user.id = 2 && ($.ok IS TRUE || $.n[0] = 4) }", False),
        ("{ $.user = 1 }", False),
    ],
)
def test_properties_of_json_find_events(pattern: str, matches: bool) -> None:
    held = parse_pattern(pattern)

    assert (held.match(TRAIL) is not None) == matches
    assert (held.match(f" {TRAIL}\n") is not None) == matches
    assert held.match("no JSON") is None
    assert held.match("{") is None


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (
            "[ip, id, user, timestamp, request, status_code, size]",
            {
                "$ip": "127.0.0.1",
                "$id": "Prod",
                "$user": "frank",
                "$timestamp": "10/Oct/2000:13:25:15 -0700",
                "$request": "GET /index.html HTTP/1.0",
                "$status_code": "404",
                "$size": "1534",
            },
        ),
        ("[..., status = 4*, size]", {"$status": "404", "$size": "1534"}),
        ("[..., size > 1000]", {"$size": "1534"}),
        ("[..., size > 2000]", None),
        (
            "[ip, ..., request = *.html*, code, size]",
            {"$ip": "127.0.0.1", "$request": "GET /index.html HTTP/1.0", "$code": "404", "$size": "1534"},
        ),
        ("[ip, ..., request = *.gif*, code, size]", None),
        ("[ip=%127\\.0\\.0\\.[0-9]%, ...]", {"$ip": "127.0.0.1"}),
        ("[ip != 127.0.0.1, ...]", None),
        ("[ip, id]", None),
        ("[, id = Prod || id = Test, ...]", {"$1": "127.0.0.1", "$id": "Prod"}),
        ("[ip, id = P* && id = *d, ...]", {"$ip": "127.0.0.1", "$id": "Prod"}),
        ("[ip, (id = X || id = Prod) && id != Y, ...]", {"$ip": "127.0.0.1", "$id": "Prod"}),
    ],
)
def test_fields_between_spaces_find_lines(pattern: str, found: dict[str, str] | None) -> None:
    assert parse_pattern(pattern).match(ACCESS) == found


def test_properties_that_are_named_are_found() -> None:
    held = parse_pattern('{ $.user.id = 1 && $.eventName = "U*" && $.ok IS TRUE }')

    assert held.match(TRAIL) == {"$.user.id": "1", "$.eventName": "UpdateTrail", "$.ok": "true"}


@pytest.mark.parametrize(
    "pattern",
    [
        "foo-bar",
        '"open',
        "%open",
        "%(a)%",
        "%a{2,1}%",
        "%[z-a]%",
        "%\\q%",
        "%*%",
        "%a{9999}b{9999}%",
        "%a% %b% %c%",
        "{ }",
        "{ $.a }",
        "{ a = 1 }",
        "{ $.a = }",
        "{ $.a > x }",
        "{ $.a = 1",
        "{ $.a = 1 } more",
        "{ $.a[x] = 1 }",
        "[a, b",
        "[..., a, ...]",
        "[a = 1 && b = 1]",
        "[=1]",
        "{ " + "(" * 400 + "$.a = 1" + ")" * 400 + " }",
        "[" + "(" * 500 + "a=1" + ")" * 500 + "]",
        "x" * (MOST_CHARACTERS + 1),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternInvalid):
        parse_pattern(pattern)


@pytest.mark.parametrize("seed", range(4))
def test_regular_expressions_find_what_pythons_find(seed: int) -> None:
    chance = Random(seed)
    found = 0
    for _ in range(500):
        text = _expression(chance, 0)
        theirs, ours = re.compile(text.replace("$", r"\Z"), re.ASCII), Regex(text, has_groups=True)
        for _ in range(6):
            said = "".join(chance.choice("abc1] ") for _ in range(chance.randrange(8)))
            assert ours.finds(said) == bool(theirs.search(said)), (text, said)
            found += ours.finds(said)
    assert found > 500


def _expression(chance: Random, deep: int) -> str:
    kind = chance.random()
    if deep > 3 or kind < 0.4:
        return chance.choice(["a", "b", "cab", ".", "[ab]", "[^a]", r"[\]a]", r"\w", r"\d", r"\]", "1", " ", r"\b"])
    inner = _expression(chance, deep + 1)
    if kind < 0.6:
        return inner + _expression(chance, deep + 1)
    if kind < 0.7:
        return f"({inner}|{_expression(chance, deep + 1)})"
    if kind < 0.9:
        return f"(?:{inner})" + chance.choice(["*", "+", "?", "{1,2}", "{2}", "{0,3}"])
    return chance.choice(["^", "$"]) + inner


@pytest.mark.parametrize(
    ("text", "said", "found"),
    [
        (r"user=(?<user>\w+) ms=(?P<ms>\d+)", "at user=ada ms=17 end", {"user": "ada", "ms": "17"}),
        (r"(?<first>a+)(?<rest>a*)", "xaaa", {"first": "aaa", "rest": ""}),
        (r"(?<first>a+?)(?<rest>a*)$", "xaaa", {"first": "a", "rest": "aa"}),
        (r"(?<one>ab|a)(?<two>c|bc)", "abc", {"one": "ab", "two": "c"}),
        (r"(?i)(?<level>error|warn)", "a WARN", {"level": "WARN"}),
        (r"(?:(?<last>\w),?)+", "a,b,c", {"last": "c"}),
        (r"(?<a>x)|(?<b>y)", "y", {"b": "y"}),
        (r"(?<a>x)", "y", None),
    ],
)
def test_groups_find_what_pythons_find(text: str, said: str, found: dict[str, str] | None) -> None:
    theirs = re.search(text.replace("(?<", "(?P<"), said)
    assert found == (theirs and {name: value for name, value in theirs.groupdict().items() if value is not None})

    assert Regex(text, has_groups=True).groups(said) == found


@pytest.mark.parametrize("text", ["(" * 30 + "a" + ")?" * 30, "((a{99}){99}){99}", "(" * 40 + ")" * 40, "(?=a)"])
def test_an_expression_that_would_take_long_to_read_is_refused(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(PatternInvalid):
        Regex(text, has_groups=True)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("pattern", ["%a*a*a*a*a*a*a*b%", "%[ab]{1,50}[ac]{1,50}$%", "{ $.a = *a*a*a*a*b }"])
def test_no_pattern_takes_longer_than_its_text_is_long(pattern: str) -> None:
    held, text = parse_pattern(pattern), '{"a": "' + "a" * 200_000 + '"}'

    begun = time.process_time()
    assert held.match(text) is None
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("pattern", ["%a.{200}[cd]%", "%[ab].{150}c?[de]%"])
def test_a_text_that_takes_too_long_is_given_up_and_told(pattern: str, caplog: pytest.LogCaptureFixture) -> None:
    chance = Random(1)
    held, text = parse_pattern(pattern), "".join(chance.choice("abz") for _ in range(200_000))

    begun = time.process_time()
    assert held.match(text) is None
    assert time.process_time() - begun < 20
    assert held.match(text[:1000] + "a" * 201 + "de") is not None

    assert "takes too long" in caplog.text


def test_groups_of_a_text_that_take_too_long_are_given_up(caplog: pytest.LogCaptureFixture) -> None:
    wanted = Regex("(?<a>.*)(?<b>.*)(?<c>.*)(?<d>.*)(?<e>.*)z", has_groups=True)

    begun = time.process_time()
    assert wanted.groups("x" * 200_000 + "z") is None
    assert time.process_time() - begun < 20

    assert "takes too long" in caplog.text


def test_what_an_expression_keeps_is_bounded() -> None:
    wanted = Regex("^.{50}[xy]")
    chance = Random(1)
    texts = ["".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(52)) for _ in range(2000)]

    held, found = _held_by(lambda: [wanted.finds(text) for text in texts])

    assert not any(found)
    assert held < 8 << 20


def _held_by(act: Callable[[], T]) -> tuple[int, T]:
    """Bytes that are still held after it."""
    tracemalloc.start()
    try:
        came = act()
        return tracemalloc.get_traced_memory()[0], came
    finally:
        tracemalloc.stop()
