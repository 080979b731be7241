"""What variables of a function say of the extension, with the extension's own limits. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

PORT = 2773
MOST_KEPT = 1000
MOST_TTL_S = 300
PREFIX = "PARAMETERS_SECRETS_EXTENSION_"


class ExtensionSettings(Struct, frozen=True):
    """kept: how many answers, 0: none. ttl_s, timeout_s: by service; a timeout of 0 is none of the extension's own."""

    port: int
    kept: int
    ttl_s: Mapping[str, int]
    timeout_s: Mapping[str, float]


def read_settings(variables: Mapping[str, str]) -> ExtensionSettings:
    """What cannot be read, or may not be, is as if it were not there; too long a time is the longest."""
    enabled = variables.get(f"{PREFIX}CACHE_ENABLED", "true").strip().lower() not in ("false", "0", "f")
    kept = _whole(variables, f"{PREFIX}CACHE_SIZE", MOST_KEPT, MOST_KEPT)
    port = _whole(variables, f"{PREFIX}HTTP_PORT", PORT, 65535)
    return ExtensionSettings(
        port or PORT,
        kept if enabled else 0,
        {
            "secretsmanager": _whole(variables, "SECRETS_MANAGER_TTL", MOST_TTL_S, MOST_TTL_S, clip=True),
            "ssm": _whole(variables, "SSM_PARAMETER_STORE_TTL", MOST_TTL_S, MOST_TTL_S, clip=True),
        },
        {
            "secretsmanager": _whole(variables, "SECRETS_MANAGER_TIMEOUT_MILLIS", 0, 900_000, clip=True) / 1000,
            "ssm": _whole(variables, "SSM_PARAMETER_STORE_TIMEOUT_MILLIS", 0, 900_000, clip=True) / 1000,
        },
    )


def _whole(variables: Mapping[str, str], name: str, default: int, most: int, *, clip: bool = False) -> int:
    written = variables.get(name, "").strip()
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        return default
    value = int(written)
    return value if value <= most else (most if clip else default)
