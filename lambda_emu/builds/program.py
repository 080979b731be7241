"""What the process that builds does: it has aws-lambda-builders build, and prints what that says."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any


def main(request: Mapping[str, Any]) -> None:
    """request: the arguments of a LambdaBuilder, and of its `build`. Exits with 1 where that fails."""
    from aws_lambda_builders.builder import LambdaBuilder
    from aws_lambda_builders.exceptions import LambdaBuilderError

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        LambdaBuilder(**request["builder"]).build(**request["build"])
    except LambdaBuilderError as error:
        print(error)
        sys.exit(1)
