"""What the process that builds does: it has aws-lambda-builders build, and prints what that says."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

MAVEN = "aws_lambda_builders.workflows.java_maven.maven"
MOST_LINES = 8
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class _Words(logging.Formatter):
    """Without colours. Of what Maven prints, which the library hides, the first lines that tell what is wrong."""

    def format(self, record: logging.LogRecord) -> str:
        text = _COLOURS.sub("", record.getMessage())
        if record.name == MAVEN:
            return "\n".join([line for line in text.splitlines() if "ERROR" in line][:MOST_LINES])
        return text


def main(request: Mapping[str, Any]) -> None:
    """request: the arguments of a LambdaBuilder, and of its `build`. Exits with 1 where that fails."""
    from aws_lambda_builders.builder import LambdaBuilder
    from aws_lambda_builders.exceptions import LambdaBuilderError

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Words())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger(MAVEN).setLevel(logging.DEBUG)
    try:
        LambdaBuilder(**request["builder"]).build(**request["build"])
    except LambdaBuilderError as error:
        print(_COLOURS.sub("", str(error)))
        sys.exit(1)
