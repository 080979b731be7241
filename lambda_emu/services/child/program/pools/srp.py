"""The server's part of SRP-6a as Cognito has it: a password is proved by who knows it, and never sent.

The group is RFC 3526's of 3072 bits, g is 2, and hashes are of numbers as bytes with no sign.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any

from lambda_emu.services.child.program.pools.errors import InvalidParameter

_N_HEX = (
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"
)
_N, _G = int(_N_HEX, 16), 2
_INFO = b"Caldera Derived Key\x01"
_SECRET_BITS = 1024
_MOST_HEX = 1024


def begin(pool_name: str, user_id: str, password: str, a_hex: str) -> dict[str, str]:
    """What is remembered until the proof comes; `SALT` and `SRP_B` are told. InvalidParameter: that is no A."""
    try:
        a = int(a_hex, 16) if len(a_hex) <= _MOST_HEX else 0
    except ValueError:
        a = 0
    if a % _N == 0:
        raise InvalidParameter("Invalid SRP_A")
    salt = secrets.randbits(128)
    inner = hashlib.sha256(f"{pool_name}{user_id}:{password}".encode()).digest()
    x = _number(_bytes(salt) + inner)
    verifier, b = pow(_G, x, _N), secrets.randbits(_SECRET_BITS)
    k = _number(_bytes(_N) + _bytes(_G))
    b_public = (k * verifier + pow(_G, b, _N)) % _N
    kept = {"SALT": salt, "SRP_B": b_public, "a": a, "b": b, "verifier": verifier}
    return {name: f"{value:x}" for name, value in kept.items()}


def proves(kept: dict[str, Any], signed: bytes, signature: str) -> bool:
    """Whether it was made with the key that both sides come to. signed: what it is of."""
    a, b_public, b, verifier = (int(kept[name], 16) for name in ("a", "SRP_B", "b", "verifier"))
    u = _number(_bytes(a) + _bytes(b_public))
    common = pow(a * pow(verifier, u, _N), b, _N)
    first = hmac.new(_bytes(u), _bytes(common), hashlib.sha256).digest()
    key = hmac.new(first, _INFO, hashlib.sha256).digest()[:16]
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    return hmac.compare_digest(wanted, signature.encode())


def _bytes(number: int) -> bytes:
    """With a zero before where the first bit is one."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _number(data: bytes) -> int:
    return int.from_bytes(hashlib.sha256(data).digest(), "big")
