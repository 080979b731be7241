"""What a query says of one event: values, comparisons, functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from lambda_emu.services.logs.insights.reading import NUMBER, PERIOD, Words
from lambda_emu.services.logs.insights.rows import Row, Time, Value
from lambda_emu.services.logs.patterns.reading import PatternInvalid
from lambda_emu.services.logs.patterns.regex import Regex

Expression = Callable[[Row], Value]

MOST_DEEP = 64
PERIODS_MS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 7 * 86_400_000,
}
MOST_TEXT = 1_000_000


class Expressions:
    """Reads expressions of one query. QueryInvalid."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._deep = 0

    def condition(self) -> Expression:
        return self._either()

    def value(self) -> Expression:
        return self._sum()

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._words.take("or", "||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda row: any(_is_true(part(row)) for part in parts)

    def _both(self) -> Expression:
        parts = [self._not()]
        while self._words.take("and", "&&"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else lambda row: all(_is_true(part(row)) for part in parts)

    def _not(self) -> Expression:
        if self._words.take("not"):
            part = self._not()
            return lambda row: not _is_true(part(row))
        return self._compared()

    def _compared(self) -> Expression:
        left = self._sum()
        words = self._words
        is_negated = words.take("not") is not None
        operator = words.take("like", "=~", "in")
        if operator in ("like", "=~"):
            test = self._like()
            return lambda row: (value := left(row)) is not None and test(text_of(value)) != is_negated
        if operator == "in":
            items = self._list()
            return lambda row: (
                (value := left(row)) is not None and any(equal(value, one(row)) for one in items) != (is_negated)
            )
        if is_negated:
            raise words.wrong("like or in is missing")
        operator = words.take("!=", "<=", ">=", "=", "<", ">")
        if operator is None:
            return left
        right = self._sum()
        compare = _COMPARISONS[operator]
        return lambda row: compare(left(row), right(row))

    def _like(self) -> Callable[[str], bool]:
        words = self._words
        regex = self.regex()
        if regex is not None:
            return regex.finds
        text = words.string()
        if text is None:
            raise words.wrong("a text or /regular expression/ is missing")
        part = text.strip("%") if text.startswith("%") or text.endswith("%") else text
        return lambda value: part in value

    def regex(self) -> Regex | None:
        """The one between slashes that comes next."""
        words = self._words
        begun = words.at
        pattern = words.regex()
        try:
            return None if pattern is None else Regex(pattern, has_groups=True)
        except PatternInvalid as error:
            words.at = begun
            raise words.wrong(str(error)) from error

    def _list(self) -> Sequence[Expression]:
        self._words.expect("[")
        items = [self._sum()]
        while self._words.take(","):
            items.append(self._sum())
        self._words.expect("]")
        return items

    def _sum(self) -> Expression:
        return self._row(("+", "-"), self._product)

    def _product(self) -> Expression:
        return self._row(("*", "/", "%"), self._power)

    def _power(self) -> Expression:
        return self._row(("^",), self._one)

    def _row(self, operators: Sequence[str], part: Callable[[], Expression]) -> Expression:
        found = part()
        while (operator := self._words.take(*operators)) is not None:
            found = _calculated(_ARITHMETIC[operator], found, part())
        return found

    def _one(self) -> Expression:
        words = self._words
        self._deep += 1
        if self._deep > MOST_DEEP:
            raise words.wrong("too many parentheses")
        try:
            return self._read_one()
        finally:
            self._deep -= 1

    def _read_one(self) -> Expression:
        words = self._words
        if words.take("("):
            found = self._either()
            words.expect(")")
            return found
        if words.take("-"):
            return _calculated(lambda a, b: a - b, _constant(0), self._one())
        text = words.string()
        if text is not None:
            return _constant(text)
        number = words.match(NUMBER)
        if number is not None:
            return _constant(float(number[0]) if "." in number[0] or "e" in number[0].lower() else int(number[0]))
        return self._named()

    def _named(self) -> Expression:
        words = self._words
        is_quoted = words.text[words.at : words.at + 1] == "`"
        begun = words.at
        name = words.needed_name("a value")
        if is_quoted or not words.take("("):
            return {"true": _constant(True), "false": _constant(False)}.get(name.lower()) or (lambda row: row.get(name))
        known = name.lower()
        if known in ("bin", "datefloor", "dateceil"):
            return self._floored(known)
        function = FUNCTIONS.get(known)
        if function is None:
            words.at = begun
            raise words.wrong(f"{name} is no function that is served; these are: {', '.join(sorted(FUNCTIONS))}, bin")
        given: list[Expression] = []
        if not words.take(")"):
            given.append(self._either())
            while words.take(","):
                given.append(self._either())
            words.expect(")")
        least, most, call = function
        if not least <= len(given) <= most:
            words.at = begun
            raise words.wrong(f"{name} takes {least if least == most else f'{least} to {most}'} values")
        return lambda row: call(*(one(row) for one in given))

    def _floored(self, name: str) -> Expression:
        words = self._words
        of: Expression = lambda row: row.get("@timestamp")  # noqa: E731
        if name != "bin":
            of = self._sum()
            words.expect(",")
        period_ms = self.period_ms()
        words.expect(")")
        added = period_ms - 1 if name == "dateceil" else 0

        def floored(row: Row) -> Value:
            at_ms = number_of(of(row))
            return None if at_ms is None else Time((int(at_ms) + added) // period_ms * period_ms)

        return floored

    def period_ms(self) -> int:
        found = self._words.match(PERIOD)
        if found is None or found[2] not in PERIODS_MS or not int(found[1]):
            raise self._words.wrong("a period as 30s, 5m, 1h or 1d is missing")
        return int(found[1]) * PERIODS_MS[found[2]]


def number_of(value: Value) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    if len(value) > 64:
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def text_of(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return value if isinstance(value, str) else shown_number(value)


def shown_number(value: float) -> str:
    """Four digits behind the point at most, and no zeros at its end."""
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    return f"{value:.4f}".rstrip("0").rstrip(".")


def equal(left: Value, right: Value) -> bool:
    numbers = number_of(left), number_of(right)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return text_of(left) == text_of(right)


def order_of(value: Value) -> tuple[int, float, str]:
    """Nothing comes first, then numbers, then texts."""
    if value is None:
        return 0, 0.0, ""
    number = number_of(value)
    return (2, 0.0, text_of(value)) if number is None else (1, number, "")


def _is_true(value: Value) -> bool:
    return value is True or (value is not None and value is not False and text_of(value) not in ("", "0", "false"))


def _compared(test: Callable[[tuple[int, float, str], tuple[int, float, str]], bool]) -> Callable[[Value, Value], bool]:
    def compare(left: Value, right: Value) -> bool:
        return left is not None and right is not None and test(order_of(left), order_of(right))

    return compare


_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "=": lambda left, right: left is not None and right is not None and equal(left, right),
    "!=": lambda left, right: left is not None and right is not None and not equal(left, right),
    "<": _compared(lambda left, right: left < right),
    "<=": _compared(lambda left, right: left <= right),
    ">": _compared(lambda left, right: left > right),
    ">=": _compared(lambda left, right: left >= right),
}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": math.fmod,
    "^": math.pow,
}


def _constant(value: Value) -> Expression:
    return lambda _: value


def _calculated(of: Callable[[float, float], float], left: Expression, right: Expression) -> Expression:
    def calculate(row: Row) -> Value:
        numbers = number_of(left(row)), number_of(right(row))
        if numbers[0] is None or numbers[1] is None:
            return None
        try:
            found = of(numbers[0], numbers[1])
        except (ArithmeticError, ValueError):
            return None
        return found if math.isfinite(found) else None

    return calculate


def _numeric(of: Callable[..., float]) -> Callable[..., Value]:
    def call(*given: Value) -> Value:
        numbers = [number_of(one) for one in given]
        if None in numbers:
            return None
        try:
            return of(*numbers)
        except (ArithmeticError, ValueError):
            return None

    return call


def _textual(of: Callable[..., Value]) -> Callable[..., Value]:
    def call(first: Value, *given: Value) -> Value:
        return None if first is None else of(text_of(first), *given)

    return call


def _substr(text: str, start: Value, length: Value = None) -> str:
    begin = int(number_of(start) or 0)
    count = number_of(length)
    return text[begin:] if count is None else text[begin : begin + int(count)]


def _replace(text: str, old: Value, new: Value) -> str:
    return text.replace(text_of(old), text_of(new))[:MOST_TEXT] if old else text


def _of_time(value: Value) -> Value:
    number = number_of(value)
    return None if number is None else Time(int(number))


FUNCTIONS: dict[str, tuple[int, int, Callable[..., Value]]] = {
    "abs": (1, 1, _numeric(abs)),
    "ceil": (1, 1, _numeric(math.ceil)),
    "floor": (1, 1, _numeric(math.floor)),
    "greatest": (1, 16, _numeric(max)),
    "least": (1, 16, _numeric(min)),
    "log": (1, 1, _numeric(math.log)),
    "sqrt": (1, 1, _numeric(math.sqrt)),
    "strlen": (1, 1, _textual(len)),
    "toupper": (1, 1, _textual(str.upper)),
    "upper": (1, 1, _textual(str.upper)),
    "tolower": (1, 1, _textual(str.lower)),
    "lower": (1, 1, _textual(str.lower)),
    "trim": (1, 1, _textual(str.strip)),
    "ltrim": (1, 1, _textual(str.lstrip)),
    "rtrim": (1, 1, _textual(str.rstrip)),
    "substr": (2, 3, _textual(_substr)),
    "replace": (3, 3, _textual(_replace)),
    "strcontains": (2, 2, _textual(lambda text, part: 1 if text_of(part) in text else 0)),
    "concat": (1, 16, lambda *given: "".join(map(text_of, given))[:MOST_TEXT]),
    "isempty": (1, 1, lambda value: value is None or text_of(value) == ""),
    "isblank": (1, 1, lambda value: value is None or text_of(value).strip() == ""),
    "ispresent": (1, 1, lambda value: value is not None),
    "coalesce": (1, 16, lambda *given: next((one for one in given if one is not None), None)),
    "frommillis": (1, 1, _of_time),
    "tomillis": (1, 1, lambda value: None if number_of(value) is None else int(number_of(value) or 0)),
}
"""By their names in small letters: how many values they take, and what they make of them."""
