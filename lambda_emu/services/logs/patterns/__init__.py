"""CloudWatch Logs' filter patterns: which events they match, and which values they find in them. Rules, no I/O.

docs/services.md#filter-patterns.
"""

from __future__ import annotations

from functools import lru_cache

from lambda_emu.services.logs.patterns.fields import parse_fields
from lambda_emu.services.logs.patterns.properties import parse_properties
from lambda_emu.services.logs.patterns.reading import PatternInvalid, Scanner
from lambda_emu.services.logs.patterns.terms import parse_terms
from lambda_emu.services.logs.patterns.values import FilterPattern

__all__ = ["FilterPattern", "PatternInvalid", "parse_pattern"]

MOST_CHARACTERS = 1024


@lru_cache(256)
def parse_pattern(text: str) -> FilterPattern:
    """PatternInvalid."""
    if len(text) > MOST_CHARACTERS:
        raise PatternInvalid(f"A filter pattern has at most {MOST_CHARACTERS} characters")
    try:
        return _parse(Scanner(text.strip()))
    except RecursionError:
        raise PatternInvalid("Invalid filter pattern: too many parentheses") from None


def _parse(scanner: Scanner) -> FilterPattern:
    if scanner.peek() == "{":
        return parse_properties(scanner)
    if scanner.peek() == "[":
        return parse_fields(scanner)
    return parse_terms(scanner)
