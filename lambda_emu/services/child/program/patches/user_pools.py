"""User pools as moto has them, but for what the operations of ours need of them, or moto forgets."""

from __future__ import annotations

from typing import Any

BITS = 2048
FIXED = ("UsernameAttributes", "AliasAttributes", "UsernameConfiguration")
"""What UpdateUserPool does not change; with moto they are gone after it."""


def replace_pools() -> None:
    """Once moto's service is imported."""
    from moto.cognitoidp import models

    pools: Any = models.CognitoIdpUserPool
    _give_keys(pools)
    _keep_what_is_fixed(pools)
    backend: Any = models.CognitoIdpBackend
    backend.update_user_pool_client = _update_client
    pools.sign_out = _sign_out
    pools._get_user = _find_user
    module: Any = models
    module.verify_totp = _verify_app_code


def _give_keys(pools: Any) -> None:
    """Each its own; with moto all have one, which everybody has."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from joserfc import jwk

    begin = pools.__init__

    def begin_with_key(self: Any, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        made = rsa.generate_private_key(public_exponent=65537, key_size=BITS)  # in a change it is kept
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.json_web_key = jwk.RSAKey.import_key(pem)

    pools.__init__ = begin_with_key


def _keep_what_is_fixed(pools: Any) -> None:
    update = pools.update_extended_config

    def update_rest(self: Any, given: Any) -> None:
        before = getattr(self, "extended_config", None)
        update(self, {name: value for name, value in (given or {}).items() if name != "UserPoolId"})
        if before is not None:
            self.extended_config |= {name: before[name] for name in FIXED if name in before}
            self.mfa_config = self.extended_config.pop("MfaConfiguration", None) or "OFF"

    pools.update_extended_config = update_rest


def _update_client(self: Any, pool_id: str, client_id: str, given: dict[str, Any]) -> Any:
    """What is not named becomes what it is for new ones; with moto it stays. Its name stays (?)."""
    from moto.cognitoidp.models import CognitoIdpUserPoolClient

    client = self.describe_user_pool_client(pool_id, client_id)
    named = {"ClientName": client.extended_config["ClientName"]} if "ClientName" in client.extended_config else {}
    client.extended_config = CognitoIdpUserPoolClient(
        pool_id, client.generate_secret, {**named, **given}
    ).extended_config
    return client


def _sign_out(self: Any, name: str) -> None:
    """Of all that somebody is signed in by; the second of what is kept of a token says who it is."""
    user = self._get_user(name)
    names = {name} if user is None else {name, user.username}
    for token, kept in list(self.refresh_tokens.items()):
        if kept is not None and kept[1] in names:
            self.refresh_tokens[token] = None
    for token, kept in list(self.access_tokens.items()):
        if kept[1] in names:
            del self.access_tokens[token]


def _find_user(self: Any, name: str) -> Any:
    """By an alias and the sub, too."""
    from lambda_emu.services.child.program.pools.finding import find_user

    return find_user(self, name)


def _verify_app_code(_: Any, code: bytes, __: int = 0) -> None:
    """At the time of our clock. InvalidToken."""
    from cryptography.hazmat.primitives.twofactor import InvalidToken

    from lambda_emu.services.child.program.pools.factors import is_app_code

    if not is_app_code(code.decode("utf-8", "replace")):
        raise InvalidToken
