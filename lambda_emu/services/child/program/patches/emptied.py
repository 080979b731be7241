"""Updates that say something is empty, or leave it out, where that takes away what was; moto 5.2 leaves it."""

from __future__ import annotations

from typing import Any


def empty_identity_pools() -> None:
    """What an update does not name becomes what new ones have; the tags have operations of their own."""
    from moto.cognitoidentity.models import CognitoIdentityBackend

    update = CognitoIdentityBackend.update_identity_pool

    def update_whole(self: Any, identity_pool_id: str, identity_pool_name: str, **said: Any) -> str:
        update(self, identity_pool_id, identity_pool_name, **said)
        pool = self.identity_pools[identity_pool_id]
        pool.identity_pool_name = identity_pool_name
        pool.supported_login_providers = said["login_providers"] or {}
        pool.developer_provider_name = said["provider_name"] or ""
        pool.open_id_connect_provider_arns = said["provider_arns"] or []
        pool.cognito_identity_providers = said["identity_providers"] or []
        pool.saml_provider_arns = said["saml_providers"] or []
        told: str = pool.to_json()
        return told

    CognitoIdentityBackend.update_identity_pool = update_whole  # type: ignore[method-assign, assignment]


def empty_secrets() -> None:
    """A description, and the key: then it is the account's own again."""
    from moto.secretsmanager.models import SecretsManagerBackend

    update = SecretsManagerBackend.update_secret

    def update_whole(self: Any, secret_id: str, **said: Any) -> str:
        if said.get("kms_key_id") == "":
            said["kms_key_id"] = self.DEFAULT_KMS_KEY_ALIAS
        answer = update(self, secret_id, **said)
        if said.get("description") == "":
            self.secrets[secret_id].description = ""
        return answer

    SecretsManagerBackend.update_secret = update_whole  # type: ignore[method-assign, assignment]


def move_groups() -> None:
    """A path alone: with moto it stays where no other name comes with it."""
    from moto.iam.models import IAMBackend

    update = IAMBackend.update_group

    def update_path(self: Any, group_name: str, new_group_name: str | None, new_path: str | None) -> None:
        if not new_group_name:
            group = self.get_group(group_name)
            group.path = new_path or group.path
        else:
            update(self, group_name, new_group_name, new_path)

    IAMBackend.update_group = update_path  # type: ignore[method-assign]
