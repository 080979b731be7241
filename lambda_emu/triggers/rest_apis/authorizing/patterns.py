"""Whether a text fits an authorizer's identityValidationExpression, which is Java's; no time is lost over it."""

from __future__ import annotations

from lambda_emu.triggers.rest_apis.refusals import AuthorizerMisconfigured
from lambda_emu.triggers.rest_apis.templates.budget import Budget
from lambda_emu.triggers.rest_apis.templates.failures import TemplateFailure
from lambda_emu.triggers.rest_apis.templates.regexes import regex


def fits(expression: str, text: str) -> bool:
    """All of it. AuthorizerMisconfigured: there is no such expression, or it may take too long."""
    try:
        return regex(expression).matches(text, Budget())
    except TemplateFailure as error:
        raise AuthorizerMisconfigured(f"identityValidationExpression: {error}") from error
