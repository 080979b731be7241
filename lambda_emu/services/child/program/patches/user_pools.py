"""A user pool signs with a key of its own, which with moto is everybody's, and keeps what it was made with."""

from __future__ import annotations

from typing import Any

BITS = 2048
FIXED = ("UsernameAttributes", "AliasAttributes", "UsernameConfiguration")
"""What UpdateUserPool does not change; with moto they are gone after it."""


def replace_keys() -> None:
    """Once moto's service is imported: all of its pools have one key, which everybody has."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from joserfc import jwk
    from moto.cognitoidp.models import CognitoIdpUserPool

    begin = CognitoIdpUserPool.__init__

    def begin_with_key(self: Any, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        made = rsa.generate_private_key(public_exponent=65537, key_size=BITS)  # in a change it is kept
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.json_web_key = jwk.RSAKey.import_key(pem)

    CognitoIdpUserPool.__init__ = begin_with_key  # type: ignore[method-assign]


def replace_updates() -> None:
    from moto.cognitoidp.models import CognitoIdpUserPool

    update = CognitoIdpUserPool.update_extended_config

    def update_rest(self: Any, given: Any) -> None:
        before = getattr(self, "extended_config", None)
        update(self, {name: value for name, value in (given or {}).items() if name != "UserPoolId"})
        if before is not None:
            self.extended_config |= {name: before[name] for name in FIXED if name in before}
            self.mfa_config = self.extended_config.pop("MfaConfiguration", None) or "OFF"

    CognitoIdpUserPool.update_extended_config = update_rest  # type: ignore[assignment, method-assign]
