"""Why a template has no result; API Gateway answers 500 then. The texts are ours, for the log."""

from __future__ import annotations


class TemplateFailure(Exception):
    """Of a template that cannot be read, or not be rendered."""


class TemplateInvalid(TemplateFailure):
    """at: where in the text. What is read on after such a failure never asks for the line."""

    def __init__(self, problem: str, text: str = "", at: int = 0) -> None:
        super().__init__(problem)
        self._problem = problem
        self._text = text
        self._at = at

    def __str__(self) -> str:
        line = self._text.count("\n", 0, self._at) + 1
        return f"{self._problem}, in line {line} of the template"


class TemplateFailed(TemplateFailure):
    """What it asks of a value throws in Java."""


class TemplateTooLong(TemplateFailure):
    """It takes more steps, or makes more text, than a request may cost."""


class BodyNotJson(Exception):
    """What `$input` is asked for stands in no JSON. API Gateway answers 400 of a request, 500 of an answer.

    problem: Jackson's words.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
