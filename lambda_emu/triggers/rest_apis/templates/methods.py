"""What may be asked of values: the methods of Java's text, lists, maps and numbers that templates use, and no others.

A method takes the budget, the value, and arguments. What is not here, or not for such arguments, is nothing, as in
Velocity; what Java throws at fails the template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.triggers.rest_apis.templates.budget import Budget
from lambda_emu.triggers.rest_apis.templates.failures import TemplateFailed
from lambda_emu.triggers.rest_apis.templates.regexes import regex, replacement
from lambda_emu.triggers.rest_apis.templates.values import Entry, JavaList, Tool, Value, are_equal, is_number, text_of

Method = Callable[..., Value]
_META = re.compile(r"[\\^$.|?*+()\[\]{}]")


def call(budget: Budget, value: Value, name: str, arguments: list[Value]) -> Value:
    """Nothing, where there is no such method. TemplateFailed."""
    budget.spend()
    if isinstance(value, Tool):
        method = value.methods.get(name)
        return None if method is None else _called(method, arguments)
    table = _table(value)
    method = table.get(name) or (_ANY.get(name) if value is not None else None)
    return None if method is None else _called(method, [budget, value, *arguments])


def property_of(value: Value, name: str) -> Value:
    """As `$value.name` asks."""
    if isinstance(value, dict):
        found = value.get(name)
        return len(value) == 0 if found is None and name == "empty" else found
    if isinstance(value, Entry):
        return {"key": value.key, "value": value.value}.get(name)
    if isinstance(value, Tool):
        found = value.properties.get(name)
        return None if found is None else found()
    return len(value) == 0 if isinstance(value, (str, list)) and name == "empty" else None


def item_of(value: Value, key: Value) -> Value:
    """As `$value[key]` asks; nothing beyond the end."""
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        return value[key] if -len(value) <= key < len(value) else None
    return value.get(key) if isinstance(value, dict) and isinstance(key, (str, int, float)) else None


def key_of(budget: Budget, key: Value) -> Value:
    """What can be a key here."""
    return key if isinstance(key, (str, int, float)) else text_of(key, budget)


def _called(method: Method, arguments: list[Value]) -> Value:
    try:
        return method(*arguments)
    except (TypeError, AttributeError):
        return None
    except (ValueError, LookupError, ArithmeticError) as error:
        raise TemplateFailed(f"A method fails: {error}") from error


def _table(value: Value) -> Mapping[str, Method]:
    for kind, table in _TABLES:
        if isinstance(value, kind):
            return table
    return {}


def _slice(_: Budget, text: str, begin: int, end: int | None = None) -> str:
    end = len(text) if end is None else end
    if not 0 <= begin <= end <= len(text):
        raise IndexError(f"begin {begin}, end {end}, length {len(text)}")
    return text[begin:end]


def _replace(budget: Budget, text: str, old: str, new: str) -> str:
    budget.read(text)
    count = text.count(old)
    budget.make(len(text) + count * len(new))
    return text.replace(old, new)


def _replace_all(budget: Budget, text: str, pattern: str, new: str, most: int = 0) -> str:
    literal = pattern.replace("\\'", "'").replace('\\"', '"')
    if not most and not _META.search(literal) and "$" not in new and "\\" not in new:
        return _replace(budget, text, literal, new)
    found = regex(pattern)
    found.check(text, budget)
    made = 0

    def put(match: re.Match[str]) -> str:
        nonlocal made
        part = replacement(new, match)
        made += len(part)
        budget.make(len(part))
        return part

    return found.pattern.sub(put, text, count=most)


def _matches(budget: Budget, text: str, pattern: str) -> bool:
    return regex(pattern).matches(text, budget)


def _split(budget: Budget, text: str, pattern: str, limit: int = 0) -> list[Value]:
    found = regex(pattern)
    found.check(text, budget)
    budget.make(len(text))
    parts = JavaList()
    last = 0
    for match in found.pattern.finditer(text):
        if 0 < limit <= len(parts) + 1:
            break
        if match.end() == 0 or match.start() == match.end() == len(text):
            continue
        budget.spend()
        parts.append(text[last : match.start()])
        last = match.end()
    parts.append(text[last:])
    while limit == 0 and len(parts) > 1 and parts[-1] == "":
        parts.pop()
    return parts


def _concat(budget: Budget, text: str, other: str) -> str:
    budget.make(len(text) + len(other))
    return text + other


def _contains(budget: Budget, items: list[Value], value: Value) -> bool:
    return _index(budget, items, value) >= 0


def _index(budget: Budget, items: list[Value], value: Value) -> int:
    return next((at for at, item in enumerate(items) if are_equal(item, value, budget)), -1)


def _get(_: Budget, items: list[Value], at: int) -> Value:
    if not 0 <= at < len(items):
        raise IndexError(f"Index {at} out of bounds for length {len(items)}")
    return items[at]


def _set(budget: Budget, items: list[Value], at: int, value: Value) -> Value:
    before = _get(budget, items, at)
    items[at] = value
    return before


def _add(budget: Budget, items: list[Value], value: Value, *at_value: Value) -> bool | None:
    if at_value:
        items.insert(value, at_value[0])
        budget.spend(1 + len(items) // 1000)
        return None
    items.append(value)
    return True


def _add_all(budget: Budget, items: list[Value], others: list[Value]) -> bool:
    budget.spend(len(others))
    items.extend(list(others))
    return bool(others)


def _remove(budget: Budget, items: list[Value], value: Value) -> Value:
    budget.spend(1 + len(items) // 1000)
    if isinstance(value, int):
        found = _get(budget, items, value)
        del items[value]
        return found
    at = _index(budget, items, value)
    if at >= 0:
        del items[at]
    return at >= 0


def _part(budget: Budget, items: list[Value], begin: int, end: int) -> list[Value]:
    if not 0 <= begin <= end <= len(items):
        raise IndexError(f"begin {begin}, end {end}, length {len(items)}")
    budget.spend(end - begin)
    return JavaList(items[begin:end])


def _put(budget: Budget, of: dict[Value, Value], key: Value, value: Value) -> Value:
    key = key_of(budget, key)
    before = of.get(key)
    of[key] = value
    return before


def _put_all(budget: Budget, of: dict[Value, Value], others: dict[Value, Value]) -> None:
    budget.spend(len(others))
    of.update(dict(others))


def _listed(budget: Budget, items: Any) -> list[Value]:
    found = JavaList(items)
    budget.spend(len(found))
    return found


def _compare(_: Budget, left: Value, right: Value) -> int:
    return int(left > right) - int(left < right)


def _parse_int(_: Budget, __: Value, text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,19}", text, re.ASCII):
        raise ValueError(f'For input string: "{text}"')
    return int(text)


def _parse_double(_: Budget, __: Value, text: str) -> float:
    return float(text)


_ANY: Mapping[str, Method] = {
    "toString": lambda budget, value: text_of(value, budget),
    "equals": lambda budget, value, other: type(value) is type(other) and are_equal(value, other, budget),
}
_TEXT: Mapping[str, Method] = {
    "length": lambda _, text: len(text),
    "isEmpty": lambda _, text: not text,
    "isBlank": lambda _, text: not text.strip(),
    "equalsIgnoreCase": lambda _, text, other: isinstance(other, str) and text.lower() == other.lower(),
    "contains": lambda budget, text, part: budget.read(text) or part in text,
    "startsWith": lambda _, text, part: text.startswith(part),
    "endsWith": lambda _, text, part: text.endswith(part),
    "indexOf": lambda budget, text, part, begin=0: budget.read(text) or text.find(part, max(begin, 0)),
    "lastIndexOf": lambda budget, text, part: budget.read(text) or text.rfind(part),
    "charAt": lambda _, text, at: _slice(_, text, at, at + 1),
    "substring": _slice,
    "replace": _replace,
    "replaceAll": _replace_all,
    "replaceFirst": lambda budget, text, pattern, new: _replace_all(budget, text, pattern, new, 1),
    "matches": _matches,
    "split": _split,
    "concat": _concat,
    "toUpperCase": lambda budget, text: budget.make(len(text)) or text.upper(),
    "toLowerCase": lambda budget, text: budget.make(len(text)) or text.lower(),
    "trim": lambda budget, text: budget.read(text) or text.strip(),
    "strip": lambda budget, text: budget.read(text) or text.strip(),
    "compareTo": _compare,
    "valueOf": lambda budget, _, value: text_of(value, budget, nothing="null"),
}
_LIST: Mapping[str, Method] = {
    "size": lambda _, items: len(items),
    "isEmpty": lambda _, items: not items,
    "get": _get,
    "set": _set,
    "add": _add,
    "addAll": _add_all,
    "remove": _remove,
    "contains": _contains,
    "indexOf": _index,
    "subList": _part,
    "clear": lambda _, items: items.clear(),
}
_MAP: Mapping[str, Method] = {
    "size": lambda _, of: len(of),
    "isEmpty": lambda _, of: not of,
    "get": lambda _, of, key: of.get(key),
    "getOrDefault": lambda _, of, key, default: of.get(key, default),
    "put": _put,
    "putAll": _put_all,
    "remove": lambda _, of, key: of.pop(key, None),
    "containsKey": lambda _, of, key: key in of,
    "containsValue": lambda budget, of, value: _contains(budget, list(of.values()), value),
    "keySet": _listed,
    "values": lambda budget, of: _listed(budget, of.values()),
    "entrySet": lambda budget, of: JavaList(Entry(key, value) for key, value in _listed(budget, of.items())),
    "clear": lambda _, of: of.clear(),
}
_NUMBER: Mapping[str, Method] = {
    "intValue": lambda _, value: int(value),
    "longValue": lambda _, value: int(value),
    "doubleValue": lambda _, value: float(value),
    "compareTo": lambda budget, value, other: _compare(budget, value, other) if is_number(other) else None,
    "parseInt": _parse_int,
    "parseLong": _parse_int,
    "parseDouble": _parse_double,
    "valueOf": lambda budget, _, value: _parse_int(budget, _, value) if isinstance(value, str) else value,
}
_ENTRY: Mapping[str, Method] = {"getKey": lambda _, entry: entry.key, "getValue": lambda _, entry: entry.value}
_TABLES: tuple[tuple[type | tuple[type, ...], Mapping[str, Method]], ...] = (
    (str, _TEXT),
    (list, _LIST),
    (dict, _MAP),
    (bool, {}),
    ((int, float), _NUMBER),
    (Entry, _ENTRY),
)
