"""Expressions of JSONata: those that Step Functions adds functions to, and those that mean no good."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from lambda_emu.services.child.program.machines.language.jsonata import NOTHING, QueryError, evaluate, replace_jsonata

replace_jsonata()
LONG = "a" * 5000 + "b"


def test_frames_are_as_many_as_ever_once_an_expression_was_evaluated() -> None:
    evaluate("$join($map([1..100], $string), ',')", {})

    assert sys.getrecursionlimit() == 1000


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$states.input.n + 1", 3),
        ("$states.input.none", None),
        ("$states.input.absent", NOTHING),
        ("{'text': $text, 'absent': $states.input.absent}", {"text": 'say "hi"'}),
        ("$partition([1..5], 2)", [[1, 2], [3, 4], [5]]),
        ("$range(0, 10, 5)", [0, 5, 10]),
        ("$hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"),
        ("$parse('{\"a\": [1]}')", {"a": [1]}),
        ("$random(7) = $random(7)", True),
        ("$length($uuid())", 36),
        ("$match('ab12', /[0-9]+/).match", "12"),
        ("$pad('a', -3, '.')", "..a"),
        ("$join(['a', 'b'], '-')", "a-b"),
        ("$map([1, 2], $string)", ["1", "2"]),
        ("$replace('a1', /[0-9]/, function($m) {'<' & $m.match & '>'})", "a<1>"),
        ("$string({'a': [1, null]})", '{"a":[1,null]}'),
    ],
)
def test_an_expression_comes_to_a_value(expression: str, value: Any) -> None:
    given = {"states": {"input": {"n": 2, "none": None}}, "text": 'say "hi"'}

    assert evaluate(expression, given) == value


@pytest.mark.parametrize(
    "expression",
    [
        "($f := function($n) {$f($n)}; $f(1))",
        "($f := function($n) {1 + $f($n)}; $f(1))",
        "$count([1..9999999])",
        "$range(0, 9999999)",
        "$pad('', 999999999)",
        "($f := function($s, $n) {$n = 0 ? $s : $f($s & $s, $n - 1)}; $f('aaaa', 60))",
        "($f := function($s, $n) {$n = 0 ? $s : $f($append($s, $s), $n - 1)}; $f([1, 2], 60))",
        "$join([1..90000].$text)",
        "$string([1..90000].$text)",
        "$replace($text, 'a', $text)",
        "$replace($text, /a/, function($m) {$text})",
        "$match($text, /^(a|aa)+$/)",
        "$replace($text, /(a+)+c/, 'x')",
        "$hash('a', 'CRC')",
        "$partition([1], 0)",
        "1 / 0",
        "'",
        "$eval('1')()",
        "$sum",
        "/a/",
    ],
)
def test_what_means_no_good_ends_soon(expression: str) -> None:
    begun_s = time.monotonic()

    with pytest.raises(QueryError):
        evaluate(expression, {"text": LONG})

    assert time.monotonic() - begun_s < 15
