"""Encrypts a code for a function that sends it, as AWS's Encryption SDK reads it: message format 2, one frame.

Algorithm suite 0x0478: AES-256-GCM, HKDF with SHA-512, key commitment, no signature.
"""

from __future__ import annotations

import os
import struct

from msgspec import Struct

SUITE = b"\x04\x78"
PROVIDER = b"aws-kms"
FRAMED, FRAME_BYTES = 2, 4096
ID_BYTES, KEY_BYTES, IV_BYTES = 32, 32, 12
LAST, FIRST = 0xFFFFFFFF, 1
"""Of frames: what marks the last one, and the number of the first."""


class DataKey(Struct, frozen=True):
    """Of KMS. encrypted: by the key with this ARN."""

    key_arn: str
    plain: bytes
    encrypted: bytes


def encrypt(content: bytes, key: DataKey) -> bytes:
    """At most FRAME_BYTES."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    assert len(content) <= FRAME_BYTES
    message_id = os.urandom(ID_BYTES)
    cipher = AESGCM(_derive(key.plain, message_id, SUITE + b"DERIVEKEY"))
    header = _header(message_id, key, _derive(key.plain, message_id, b"COMMITKEY"))
    number = struct.pack(">I", FIRST)
    about = message_id + b"AWSKMSEncryptionClient Final Frame" + number + struct.pack(">Q", len(content))
    iv = number.rjust(IV_BYTES, b"\0")
    frame = struct.pack(">I", LAST) + number + iv + struct.pack(">I", len(content)) + cipher.encrypt(iv, content, about)
    return header + cipher.encrypt(bytes(IV_BYTES), b"", header) + frame


def _header(message_id: bytes, key: DataKey, commitment: bytes) -> bytes:
    """Without an encryption context, for one key."""
    parts = (PROVIDER, key.key_arn.encode(), key.encrypted)
    data_key = b"".join(struct.pack(">H", len(part)) + part for part in parts)
    keys = struct.pack(">HH", 0, 1) + data_key
    return b"\x02" + SUITE + message_id + keys + struct.pack(">BI", FRAMED, FRAME_BYTES) + commitment


def _derive(key: bytes, salt: bytes, info: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA512
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA512(), KEY_BYTES, salt, info).derive(key)
