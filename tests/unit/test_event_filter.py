"""Filter patterns: what is one, and which records it wants. docs/contract/events.md#filters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_emu.model.mappings.filters import MOST_NESTING, compile_parsed, compile_pattern, matches, read
from lambda_emu.model.mappings.operators import WIDE_OPERATORS
from lambda_emu.model.mappings.refusals import FilterInvalid


@pytest.mark.parametrize(
    ("leaf", "matching", "others"),
    [
        ('["a"]', ['"a"', '["b", "a"]', '[["a"]]'], ['"A"', '"ab"', "null", '{"a": "a"}', "[]"]),
        ('["a", "b"]', ['"a"', '"b"'], ['"c"']),
        ('[""]', ['""'], ["null", '" "']),
        ("[null]", ["null"], ['"null"', "0", '""']),
        ("[true]", ["true"], ['"true"', "1", "false"]),
        ("[100]", ["100"], ['"100"', "100.0", "1e2", "101"]),
        ("[3.0e2]", ["3.0e2"], ["300", "300.0"]),
        ('["100"]', ['"100"'], ["100"]),
        ('[{"anything-but": "a"}]', ['"b"', "1", "null"], ['"a"']),
        ('[{"anything-but": ["a", "b"]}]', ['"c"', '["a", "c"]'], ['"a"', '"b"']),
        ('[{"anything-but": [1, 2]}]', ["3", '"1"'], ["1", "2"]),
        ('[{"anything-but": {"prefix": "a"}}]', ['"b"', '"ba"'], ['"a"', '"ab"']),
        ('[{"anything-but": {"suffix": ["a", "b"]}}]', ['"c"'], ['"ca"', '"cb"']),
        ('[{"anything-but": {"equals-ignore-case": "a"}}]', ['"b"'], ['"A"']),
        ('[{"numeric": ["=", 100]}]', ["100", "100.0", "1e2"], ['"100"', "101", "null", "true"]),
        ('[{"numeric": [">", 10, "<=", 20]}]', ["10.1", "20"], ["10", "20.1"]),
        ('[{"numeric": ["<", 0]}]', ["-1e-400"], ["0", "-0", "1e-400"]),
        ('[{"exists": true}]', ["1", "null", '""', "[0]"], ['{"a": 1}', "{}", "[]"]),
        ('[{"exists": false}]', ['{"a": 1}', "[]"], ["1", "null", "false"]),
        ('[{"exists": false}, "a"]', ["{}", '"a"'], ['"b"']),
        ('[{"prefix": "us-"}]', ['"us-"', '"us-east-1"'], ['"US-"', "1"]),
        ('[{"suffix": ".png"}]', ['"a.png"'], ['"a.PNG"', '"png"']),
        ('[{"equals-ignore-case": "Alice"}]', ['"alice"', '"ALICE"'], ['"alic"', "1"]),
        ('[{"prefix": "a"}, {"suffix": "z"}]', ['"az"', '"ab"', '"yz"'], ['"b"']),
    ],
)
def test_a_leaf_matches_these_values_and_no_others(leaf: str, matching: list[str], others: list[str]) -> None:
    pattern = compile_pattern(f'{{"x": {leaf}}}')

    assert [value for value in matching if not matches(pattern, read(f'{{"x": {value}}}'))] == []
    assert [value for value in others if matches(pattern, read(f'{{"x": {value}}}'))] == []


@pytest.mark.parametrize(
    ("leaf", "matching", "others"),
    [
        ('[{"wildcard": "a*c"}]', ['"ac"', '"abc"', '"a*bcc"'], ['"ab"', '"xac"', "1"]),
        ('[{"wildcard": "*a*b*"}]', ['"ab"', '"xaxbx"'], ['"ba"', '"a"']),
        ('[{"wildcard": "aa*aa"}]', ['"aaaa"'], ['"aaa"']),
        (r'[{"wildcard": "a\\*\\\\"}]', [r'"a*\\"'], ['"ab"', '"a*"']),
        ('[{"cidr": "10.0.0.0/24"}]', ['"10.0.0.255"'], ['"10.0.1.0"', '"ten"', "10"]),
        ('[{"cidr": "2001:db8::/32"}]', ['"2001:db8::1"'], ['"2001:db9::1"', '"10.0.0.1"']),
        ('[{"anything-but": {"wildcard": "*.png"}}]', ['"a.jpg"'], ['"a.png"']),
        ('[{"anything-but": [1, 2.5]}]', ["3"], ["1", "2.5"]),
    ],
)
def test_sns_has_more_operators(leaf: str, matching: list[str], others: list[str]) -> None:
    pattern = compile_parsed(read(f'{{"x": {leaf}}}'), WIDE_OPERATORS)

    assert [value for value in matching if not matches(pattern, read(f'{{"x": {value}}}'))] == []
    assert [value for value in others if matches(pattern, read(f'{{"x": {value}}}'))] == []


@pytest.mark.parametrize(
    "leaf", ['{"wildcard": "a**"}', '{"wildcard": 1}', '{"cidr": "x"}', '{"cidr": ["10.0.0.0/8"]}']
)
def test_what_is_no_operand_is_refused_and_mappings_have_none_of_these(leaf: str) -> None:
    with pytest.raises(FilterInvalid):
        compile_parsed(read(f'{{"x": [{leaf}]}}'), WIDE_OPERATORS)
    with pytest.raises(FilterInvalid):
        compile_pattern('{"x": [{"wildcard": "a*"}]}')


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ('{"a": ["1"], "b": ["2"]}', ['{"a": "1", "b": "2", "c": 3}'], ['{"a": "1"}', '{"b": "2"}', "{}", "[]"]),
        ('{"a": {"b": {"c": [1]}}}', ['{"a": {"b": {"c": 1}}}'], ['{"a": {"b": 1}}', '{"a.b.c": 1}', '{"a": null}']),
        ('{"$or": [{"x": ["1"]}, {"y": ["2"]}]}', ['{"x": "1"}', '{"y": "2"}'], ['{"x": "2", "y": "1"}']),
        ('{"z": ["0"], "$or": [{"x": ["1"]}, {"y": ["2"]}]}', ['{"z": "0", "y": "2"}'], ['{"z": "0"}', '{"y": "2"}']),
        ('{"$or": [{"prefix": "a"}, {"suffix": "z"}]}', ['{"$or": "ab"}', '{"$or": "yz"}'], ['{"$or": "b"}']),
        ('{"$or": ["a"]}', ['{"$or": "a"}'], ['{"$or": "b"}']),
        ('{"a": {"b": [{"exists": false}]}}', ["{}", '{"a": 1}', '{"a": {"c": 1}}'], ['{"a": {"b": null}}']),
        (
            '{"a": {"b": [1], "c": [2]}}',
            ['{"a": [{"b": 1, "c": 2}, {"b": 3}]}', '{"a": [[{"b": 1, "c": 2}]]}'],
            ['{"a": [{"b": 1}, {"c": 2}]}', '{"a": []}'],
        ),
        ('{"a": {"b": [{"exists": false}]}}', ['{"a": [{"c": 1}]}', '{"a": [1]}'], ['{"a": [{"b": 1}]}']),
        (
            '{"dynamodb": {"NewImage": {"n": {"N": ["100"]}}}, "eventName": ["INSERT", "MODIFY"]}',
            ['{"dynamodb": {"NewImage": {"n": {"N": "100"}}}, "eventName": "INSERT"}'],
            [
                '{"dynamodb": {"NewImage": {"n": {"N": "100"}}}, "eventName": "REMOVE"}',
                '{"dynamodb": {"NewImage": {"n": {"S": "100"}}}, "eventName": "INSERT"}',
            ],
        ),
    ],
)
def test_fields_are_all_needed_and_alternatives_one(pattern: str, matching: list[str], others: list[str]) -> None:
    found = compile_pattern(pattern)

    assert [record for record in matching if not matches(found, read(record))] == []
    assert [record for record in others if matches(found, read(record))] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "not JSON",
        "null",
        '"a"',
        "1",
        "[]",
        '["a"]',
        "{}",
        '{"a": {}}',
        '{"a": []}',
        '{"a": "b"}',
        '{"a": 1}',
        '{"a": null}',
        '{"a": [["b"]]}',
        '{"a": [{}]}',
        '{"a": [{"prefix": "b", "suffix": "c"}]}',
        '{"a": [{"unknown": "b"}]}',
        '{"a": [{"": "b"}]}',
        '{"a": [{"wildcard": "b*"}]}',
        '{"a": [{"prefix": 1}]}',
        '{"a": [{"suffix": null}]}',
        '{"a": [{"equals-ignore-case": ["b"]}]}',
        '{"a": [{"exists": "true"}]}',
        '{"a": [{"exists": 0}]}',
        '{"a": [{"anything-but": []}]}',
        '{"a": [{"anything-but": [1, "b"]}]}',
        '{"a": [{"anything-but": null}]}',
        '{"a": [{"anything-but": [["b"]]}]}',
        '{"a": [{"anything-but": {"numeric": [">", 1]}}]}',
        '{"a": [{"anything-but": {"prefix": []}}]}',
        '{"a": [{"numeric": []}]}',
        '{"a": [{"numeric": 1}]}',
        '{"a": [{"numeric": ["="]}]}',
        '{"a": [{"numeric": ["=", "1"]}]}',
        '{"a": [{"numeric": ["==", 1]}]}',
        '{"a": [{"numeric": [["="], 1]}]}',
        '{"a": [{"numeric": ["=", 1, "<", 2]}]}',
        '{"a": [{"numeric": ["<", 2, ">", 1]}]}',
        '{"a": [{"numeric": [">", 2, "<", 1]}]}',
        '{"a": [{"numeric": [">", 1, "<", 2, "<", 3]}]}',
        '{"a": [NaN]}',
        '{"$or": [{"a": ["b"]}]}',
        '{"$or": [{"a": ["b"]}, {}]}',
        '{"$or": [{"a": ["b"]}, "c"]}',
        '{"a":' * (MOST_NESTING + 1) + "[1]" + "}" * (MOST_NESTING + 1),
        "[" * 4096,
        '{"a": [' + "[" * 2000 + "]" * 2000 + "]}",
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(FilterInvalid, match="Invalid filter pattern definition"):
        compile_pattern(pattern)


def test_numbers_that_python_read_compare_by_how_json_would_write_them() -> None:
    assert matches(compile_pattern('{"a": [1545084650.987]}'), {"a": 1545084650.987})
    assert matches(compile_pattern('{"a": [{"numeric": [">", 1]}]}'), {"a": 2})
    assert not matches(compile_pattern('{"a": [1]}'), {"a": True})
    assert not matches(compile_pattern('{"a": [{"numeric": [">", 1]}]}'), {"a": float("nan")})


NAMES = st.sampled_from(["a", "b", "c"])
SCALARS: st.SearchStrategy[Any] = st.sampled_from(["", "x", "xy", "X", "yx", None, True, False, 0, 1, 2, 10])
RECORDS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
TEXTS = st.sampled_from(["", "x", "y", "xy"])
OPERATORS: st.SearchStrategy[Any] = st.one_of(
    st.builds(lambda name, text: {name: text}, st.sampled_from(["prefix", "suffix", "equals-ignore-case"]), TEXTS),
    st.builds(lambda texts: {"anything-but": texts}, st.lists(TEXTS, min_size=1, max_size=2)),
    st.builds(lambda low, gap: {"numeric": [">=", low, "<", low + gap]}, st.integers(0, 3), st.integers(1, 9)),
    st.builds(lambda there: {"exists": there}, st.booleans()),
)
LEAVES = st.lists(SCALARS | OPERATORS, min_size=1, max_size=3)
PATTERNS: st.SearchStrategy[Any] = st.recursive(
    st.dictionaries(NAMES, LEAVES, min_size=1, max_size=2),
    lambda inner: (
        st.dictionaries(NAMES, inner | LEAVES, min_size=1, max_size=2)
        | st.builds(lambda one, two: {"$or": [one, two]}, inner, inner)
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(PATTERNS, RECORDS)
def test_matching_agrees_with_the_rules_read_out_naively(pattern: Any, record: Any) -> None:
    found = matches(compile_pattern(json.dumps(pattern)), read(json.dumps(record)))

    assert found == naive_fields(pattern, record)


def naive_fields(pattern: dict[str, Any], value: Any) -> bool:
    candidates = [item for item in naive_flat(value) if isinstance(item, dict)] or [{}]
    return any(naive_object(pattern, candidate) for candidate in candidates)


def naive_object(pattern: dict[str, Any], value: dict[str, Any]) -> bool:
    for name, inner in pattern.items():
        if name == "$or":
            holds = any(naive_object(each, value) for each in inner)
        elif isinstance(inner, dict):
            holds = naive_fields(inner, value.get(name, []))
        else:
            holds = naive_leaf(inner, value.get(name, []))
        if not holds:
            return False
    return True


def naive_leaf(items: list[Any], value: Any) -> bool:
    leaves = [leaf for leaf in naive_flat(value) if not isinstance(leaf, dict)]
    if not leaves:
        return {"exists": False} in items
    return any(naive_test(item, leaf) for item in items for leaf in leaves)


def naive_flat(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in naive_flat(item)] if isinstance(value, list) else [value]


def naive_test(item: Any, leaf: Any) -> bool:
    match item:
        case {"prefix": text}:
            return isinstance(leaf, str) and leaf[: len(text)] == text
        case {"suffix": text}:
            return isinstance(leaf, str) and leaf.endswith(text)
        case {"equals-ignore-case": text}:
            return isinstance(leaf, str) and leaf.upper() == text.upper()
        case {"anything-but": texts}:
            return leaf not in texts
        case {"numeric": [_, low, _, high]}:
            return type(leaf) is int and low <= leaf < high
        case {"exists": there}:
            return bool(there)
        case _:
            return json.dumps(item) == json.dumps(leaf)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "$or", "exists", "numeric", "anything-but", "prefix", "suffix", "equals-ignore-case"])
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(st.one_of(ANYTHING.map(json.dumps), PATTERNS.map(json.dumps), st.text()), ANYTHING)
def test_whatever_comes_is_either_refused_or_can_be_asked_about_any_record(text: str, record: Any) -> None:
    try:
        pattern = compile_pattern(text)
    except FilterInvalid:
        return
    assert matches(pattern, record) in (True, False)
