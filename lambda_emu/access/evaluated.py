"""Services whose requests are asked about, as signatures name them."""

from __future__ import annotations

EVALUATED_IN_CHILD = ("dynamodb", "ecr", "iam", "secretsmanager", "sns", "ssm", "states", "sts")
"""Those of the child, besides S3."""
EVALUATED = ("events", "kinesis", "lambda", "logs", "s3", "scheduler", "sqs", *EVALUATED_IN_CHILD)
ASKED_INSIDE = ("cloudformation",)
"""Those that ask by themselves, as only they know what a request is about."""
OF_THEMSELVES = ("events", "lambda")
"""Those that let other accounts in by their own rules, which hold whatever is enforced."""
