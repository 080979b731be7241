"""Patterns of EventBridge's rules: what they want, what is refused in which words, and that an index finds the same."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_emu.services.eventbridge.errors import PatternInvalid
from lambda_emu.services.eventbridge.patterns.bits import Bounds, numbers_in
from lambda_emu.services.eventbridge.patterns.index import RuleIndex
from lambda_emu.services.eventbridge.patterns.language import TOO_COMPLEX, compile_rule, read_event


@pytest.mark.parametrize(
    ("leaf", "matching", "others"),
    [
        ("[300]", ["300", "300.0", "3.0e2"], ['"300"', "301", "true"]),
        ("[true, null]", ["true", "null"], ["1", '"true"', "false"]),
        ('[{"anything-but": 300}]', ["301", '"300"', "null"], ["300.0"]),
        ('[{"anything-but": "a"}]', ['"b"', "null", '["a", "b"]'], ['"a"', "[]"]),
        ('[{"prefix": {"equals-ignore-case": "EventB"}}]', ['"eventbridge"', '"EVENTB"'], ['"event"', "1"]),
        ('[{"suffix": {"equals-ignore-case": ".PNG"}}]', ['"a.png"', '".Png"'], ['"png"']),
        ('[{"wildcard": "dir/*.png"}]', ['"dir/.png"', '"dir/a/b.png"'], ['"dir/png"', '"xdir/a.png"']),
        (r'[{"wildcard": "a\\*\\\\*"}]', [r'"a*\\"', r'"a*\\b"'], ['"ab"']),
        ('[{"cidr": "10.0.0.0/24"}]', ['"10.0.0.255"'], ['"10.0.1.0"', '"10.0.0"', "10"]),
        ('[{"cidr": "2001:db8::/32"}]', ['"2001:db8::1"'], ['"2001:db9::1"', '"10.0.0.1"']),
        ('[{"anything-but": {"wildcard": ["*/lib/*", "*.tmp"]}}]', ['"/a/b"', "7"], ['"/lib/b"', '"a.tmp"']),
        ('[{"anything-but": {"prefix": ["a", "b"]}}]', ['"c"', "7"], ['"ab"', '"bc"']),
        ('[{"anything-but": {"suffix": "z"}}]', ['"zy"'], ['"yz"']),
        ('[{"anything-but": {"equals-ignore-case": ["init", "run"]}}]', ['"runs"'], ['"INIT"', '"Run"']),
        ('[{"numeric": [">", 0, "<=", 5]}]', ["0.1", "5"], ["0", "5.1", '"3"']),
        ('[{"exists": false}, {"anything-but": ["roses"]}]', ['"lilies"', "{}"], ['"roses"']),
    ],
)
def test_a_leaf_wants_these_values_and_no_others(leaf: str, matching: list[str], others: list[str]) -> None:
    pattern = compile_rule(f'{{"x": {leaf}}}')

    assert [value for value in matching if not pattern.matches(read_event(f'{{"x": {value}}}'))] == []
    assert [value for value in others if pattern.matches(read_event(f'{{"x": {value}}}'))] == []


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ('{"l": {"k": [2], "j": [1]}}', ['{"l": [{"k": 1}, {"k": 2, "j": 1}]}'], ['{"l": [{"k": 2}, {"j": 1}]}']),
        ('{"resources": ["a"]}', ['{"resources": ["b", "a"]}'], ['{"resources": []}', '{"resources": ["b"]}']),
        ('{"d": {"state.status": ["on"]}}', ['{"d": {"state": {"status": "on"}}}'], ['{"d": {"status": "on"}}']),
        ('{"d": {"state": {"status": ["on"]}}}', ['{"d": {"state.status": "on"}}'], ['{"d": {"state": "on"}}']),
        (
            '{"a.b": [1], "a": {"c": [2]}}',
            ['{"a": {"b": 1, "c": 2}}', '{"a.c": 2, "a": {"b": 1}}'],
            ['{"a": {"c": 2}}'],
        ),
        (
            '{"d": {"state.status": {"status": ["on"]}}}',
            ['{"d": {"state": {"status": {"status": "on"}}}}'],
            ['{"d": {"state": {"status": "on"}}}'],
        ),
        (
            '{"s": ["x"], "$or": [{"a": [1]}, {"b": [2], "c": [3]}]}',
            ['{"s": "x", "b": 2, "c": 3}'],
            ['{"s": "x", "b": 2}'],
        ),
        ('{"present": [{"exists": true}]}', ['{"present": null}'], ['{"present": {"S": "x"}}', "{}"]),
        ('{"a": {"b": [{"exists": false}]}}', ['{"a": {"c": 1}}', "{}"], ['{"a": {"b": 1}}']),
    ],
)
def test_objects_arrays_and_alternatives(pattern: str, matching: list[str], others: list[str]) -> None:
    found = compile_rule(pattern)

    assert [event for event in matching if not found.matches(read_event(event))] == []
    assert [event for event in others if found.matches(read_event(event))] == []


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ('["not", "a", "dict"]', "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        ('{"resources": []}', "Empty arrays are not allowed"),
        ('{"int": 42}', '"int" must be an object or an array'),
        ('{"string": "my-value"}', '"string" must be an object or an array'),
        ('{"k": [{"EXISTS": true}]}', "Unrecognized match type EXISTS"),
        ('{"k": [{"exists": "yes"}]}', "exists match pattern must be either true or false."),
        ('{"k": [{}]}', "Match expression name not found"),
        ('{"k": [{"prefix": "a", "suffix": "b"}]}', "Only one key allowed in match expression"),
        ('{"k": [["a"]]}', "Match value must be String, number, true, false, or null"),
        ('{"k": [{"prefix": ["a"]}]}', "prefix match pattern must be a string"),
        ('{"k": [{"suffix": 1}]}', "suffix match pattern must be a string"),
        ('{"k": [{"equals-ignore-case": {"prefix": "e"}}]}', "equals-ignore-case match pattern must be a string"),
        ('{"k": [{"wildcard": ["a*"]}]}', "wildcard match pattern must be a string"),
        ('{"k": [{"wildcard": "arn:aws:events:us-east-1:**:x"}]}', "Consecutive wildcard characters at pos 26"),
        (r'{"k": [{"wildcard": "a\\b"}]}', "Invalid escape character at pos 2"),
        ('{"k": [{"wildcard": "*:*:*:*:*:event-bus/*"}]}', TOO_COMPLEX),
        (
            '{"k": [{"wildcard": "*/datasync/*.bif"}, {"wildcard": "*/datasync/*.tiff"}, '
            '{"wildcard": "*/datasync/*.tif"}, {"wildcard": "*/datasync/*.svs"}]}',
            TOO_COMPLEX,
        ),
        ('{"k": [{"cidr": "bad-filter"}]}', "Malformed CIDR, one '/' required"),
        ('{"k": [{"cidr": "bad-/64filter"}]}', "Malformed CIDR, mask bits must be an integer"),
        ('{"k": [{"cidr": "bad-ip/24"}]}', "Nonstandard IP address: bad-ip"),
        ('{"k": [{"cidr": "10.0.0.0/32"}]}', "IPv4 mask bits must be < 32"),
        ('{"k": [{"numeric": ["=", "1"]}]}', "Value of equals must be numeric"),
        ('{"k": [{"numeric": [">", 0, ">", 0]}]}', "Bad numeric range operator: >"),
        ('{"k": [{"numeric": [">", 0, "<"]}]}', "Value of < must be numeric"),
        ('{"k": [{"numeric": ["<", 0, "<", 1]}]}', "Too many elements in numeric expression"),
        ('{"k": [{"numeric": [">", 1, "<", 0]}]}', "Bottom must be less than top"),
        ('{"k": [{"NUMERIC": ["=", 5]}]}', "Unrecognized match type NUMERIC"),
        ('{"k": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed"),
        ('{"k": [{"anything-but": {"prefix": [123, "a"]}}]}', "prefix/suffix match pattern must be a string"),
        ('{"k": [{"anything-but": {"wildcard": 123}}]}', "wildcard match pattern must be a string"),
        (
            '{"k": [{"anything-but": {"equals-ignore-case": 123}}]}',
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        ),
        (
            '{"k": [{"anything-but": {"prefix": {"equals-ignore-case": "file"}}}]}',
            "Value of anything-but must be an array or single string/number value.",
        ),
        (
            '{"k": [{"anything-but": null}]}',
            "Value of anything-but must be an array or single string/number value.",
        ),
        (
            '{"k": [{"anything-but": [1, "a"]}]}',
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        ('{"k": [{"anything-but": {"cidr": "10.0.0.0/8"}}]}', "Unsupported anything-but pattern: cidr"),
        ("not JSON", "Invalid JSON"),
        ("[" * 5000, "Invalid JSON"),
        ('{"a":' * 65 + "[1]" + "}" * 65, "Objects are nested more than 64 deep"),
        ('{"' + "a." * 100 + 'b": [1]}', "Objects are nested more than 64 deep"),
    ],
)
def test_what_is_no_pattern_is_refused_in_the_words_of_aws(pattern: str, why: str) -> None:
    with pytest.raises(PatternInvalid) as refused:
        compile_rule(pattern)

    assert refused.value.text == f"Event pattern is not valid. Reason: {why}"


@pytest.mark.parametrize(
    "leaf",
    [
        '{"wildcard": "arn:aws:events:*:*:event-bus/*"}',
        '{"wildcard": "*/datasync/*.bif"}, {"wildcard": "*/datasync/*.tif"}',
        '{"wildcard": "*.bif"}, {"wildcard": "*.tiff"}, {"wildcard": "*.tif"}, {"wildcard": "*.svs"}',
        json.dumps({"wildcard": "ab" * 1000 + "*" + "end"}),
    ],
)
def test_wildcards_that_aws_takes_are_taken(leaf: str) -> None:
    compile_rule(f'{{"k": [{leaf}]}}')


# -- the index ------------------------------------------------------------------------------------

_TEXTS = st.text("abA.*", min_size=1, max_size=3)
_NUMBERS = st.one_of(st.integers(0, 3), st.sampled_from([1.0, 2.5]))
_VALUES = st.one_of(_TEXTS, st.sampled_from(["10.0.0.7", "10.9.0.7"]), _NUMBERS, st.none(), st.booleans())
_NAMES = st.sampled_from(["a", "b", "c", "p.a"])
_AFFIXES = st.one_of(_TEXTS, st.builds(lambda text: {"equals-ignore-case": text}, _TEXTS))
_OPERATORS = st.one_of(
    st.builds(lambda flag: {"exists": flag}, st.booleans()),
    st.builds(lambda text: {"prefix": text}, _AFFIXES),
    st.builds(lambda text: {"suffix": text}, _AFFIXES),
    st.builds(lambda text: {"equals-ignore-case": text}, _TEXTS),
    st.builds(lambda text: {"wildcard": text.replace("**", "*").replace("**", "*")}, _TEXTS),
    st.builds(lambda text: {"anything-but": text}, st.one_of(_TEXTS, _NUMBERS)),
    st.builds(lambda text: {"anything-but": {"prefix": text}}, _TEXTS),
    st.builds(lambda sign, bound: {"numeric": [sign, bound]}, st.sampled_from(["<", "<=", "=", ">=", ">"]), _NUMBERS),
    st.builds(lambda bound, more: {"numeric": [">", bound, "<=", bound + more]}, _NUMBERS, st.integers(1, 2)),
    st.builds(lambda network: {"cidr": network}, st.sampled_from(["10.0.0.0/24", "10.0.0.0/8"])),
)
_LEAVES = st.lists(st.one_of(_VALUES, _OPERATORS), min_size=1, max_size=3)


def _objects(leaves: Any, least: int) -> Any:
    return st.dictionaries(_NAMES, leaves, min_size=least, max_size=3)


def _with_alternatives(pattern: dict[str, Any], alternatives: list[dict[str, Any]]) -> dict[str, Any]:
    return {**pattern, "$or": alternatives} if alternatives else pattern


_PATTERNS = st.recursive(
    _objects(_LEAVES, 1),
    lambda inner: st.builds(
        _with_alternatives,
        _objects(st.one_of(_LEAVES, inner), 1),
        st.one_of(st.just([]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)
_EVENTS = _objects(
    st.recursive(_VALUES, lambda inner: st.one_of(st.lists(inner, max_size=3), _objects(inner, 0)), max_leaves=8), 0
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_PATTERNS, min_size=1, max_size=8), st.lists(_EVENTS, min_size=1, max_size=4), st.data())
def test_the_index_finds_exactly_the_rules_that_match_one_by_one(
    patterns: list[Any], events: list[Any], data: st.DataObject
) -> None:
    index: RuleIndex[int] = RuleIndex()
    compiled = {number: compile_rule(json.dumps(pattern)) for number, pattern in enumerate(patterns)}
    for number, pattern in compiled.items():
        index.add(number, pattern)
    for event in events:
        read = read_event(json.dumps(event))
        assert sorted(index.matching(read)) == [n for n, one in compiled.items() if one.matches(read)]

    gone = data.draw(st.sets(st.sampled_from(sorted(compiled))))
    for number in gone:
        index.remove(number)

    for event in events:
        read = read_event(json.dumps(event))
        left = [n for n, one in compiled.items() if n not in gone and one.matches(read)]
        assert sorted(index.matching(read)) == left


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 1)), min_size=200, max_size=600), st.randoms())
def test_bounds_find_those_that_a_value_has_passed(bounds: list[tuple[int, int]], random: Random) -> None:
    """Many of them, so that their blocks are halved, and gone through again until none is left."""
    found, kept = Bounds(), dict(enumerate(bounds))
    for row, bound in kept.items():
        found.add(bound, row)

    rows = list(kept)
    random.shuffle(rows)
    for row in rows:
        if random.random() < 0.1 or len(kept) < 3:
            value = random.randint(-1, 401)
            wanted = {one for one, bound in kept.items() if bound <= (value, 0)}
            assert set(numbers_in(found.passed((value, 0)))) == wanted
        found.remove(kept.pop(row), row)
    assert found.passed((1000, 0)) == 0


def test_an_index_keeps_nothing_of_rules_that_went() -> None:
    index: RuleIndex[int] = RuleIndex()
    for number in range(50):
        index.add(number, compile_rule(json.dumps({"source": [f"s{number % 5}"], "detail": {"n": [number]}})))
        index.add(number, compile_rule(json.dumps({"detail": {"k": [{"prefix": "x" * (number + 1)}]}})))
    for number in range(50):
        index.remove(number)

    assert index.matching({"source": "s1", "detail": {"n": 1, "k": "x" * 60}}) == []
    assert index.is_empty


@pytest.mark.parametrize(
    "detail_of",
    [
        pytest.param(lambda number: {"customer": [f"c{number}"]}, marks=pytest.mark.slow),
        lambda number: {"customer": [{"suffix": f"c{number}"}], "amount": [{"numeric": [">", number]}]},
        pytest.param(lambda number: {f"f{number}": [{"exists": True}]}, marks=pytest.mark.slow),
        pytest.param(lambda number: {"amount": [{"numeric": [">", number, "<=", number + 9]}]}, marks=pytest.mark.slow),
        lambda number: {"amount": [{"numeric": ["<", number]}, {"numeric": [">", 20_000 - number]}]},
        lambda number: {"customer": [{"anything-but": [f"c{number}"]}], "amount": [{"numeric": ["<", number - 4998]}]},
        lambda number: {"customer": [{"wildcard": f"c{number}*x"}]},
        pytest.param(
            lambda number: {"customer": [{"anything-but": {"suffix": [str(number % 9)]}}], "none": [number]},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_of_ten_thousand_rules_few_are_asked(detail_of: Callable[[int], Any]) -> None:
    """The time this takes is in benchmarks/; here it is counted what is called."""
    index: RuleIndex[int] = RuleIndex()
    patterns = {}
    for number in range(10_000):
        pattern = {"source": ["shop"], "detail-type": [f"t{number % 20}"], "detail": detail_of(number)}
        patterns[number] = compile_rule(json.dumps(pattern))
        index.add(number, patterns[number])
    event = read_event('{"source": "shop", "detail-type": "t3", "detail": {"customer": "c4003", "amount": 5000}}')
    wanted = [number for number, pattern in patterns.items() if pattern.matches(event)]
    assert index.matching(event) == wanted
    calls = 0

    def count(_: object, what: str, __: object) -> None:
        nonlocal calls
        calls += what == "call"

    sys.setprofile(count)
    try:
        index.matching(event)
    finally:
        sys.setprofile(None)
    assert calls < 1000
