"""A secret is rotated as often as one asks, each time by the function that it was given; with moto once, by any."""

from __future__ import annotations

from typing import Any

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"


def replace_rotation() -> None:
    from moto.secretsmanager.exceptions import InvalidRequestException
    from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

    rotate = SecretsManagerBackend.rotate_secret

    def rotate_again(
        self: Any, secret_id: str, client_request_token: Any = None, rotation_lambda_arn: Any = None, **more: Any
    ) -> str:
        secret = self.secrets.get(secret_id)
        if isinstance(secret, FakeSecret) and not secret.is_deleted():
            rotation_lambda_arn = rotation_lambda_arn or secret.rotation_lambda_arn
            if not rotation_lambda_arn:
                raise InvalidRequestException("No Lambda rotation function ARN is associated with this secret.")
            _finish_last(secret)
        return rotate(self, secret_id, client_request_token, rotation_lambda_arn, **more)

    SecretsManagerBackend.rotate_secret = rotate_again  # type: ignore[method-assign, assignment]


def _finish_last(secret: Any) -> None:
    """Functions leave the label on what has become current, as AWS's templates do: then nothing is under way."""
    for version in secret.versions.values():
        if {CURRENT, PENDING} <= set(version["version_stages"]):
            version["version_stages"].remove(PENDING)
