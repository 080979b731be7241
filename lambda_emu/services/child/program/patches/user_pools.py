"""The key that a user pool signs with is its own; with moto it is everybody's."""

from __future__ import annotations

from typing import Any

BITS = 2048


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
