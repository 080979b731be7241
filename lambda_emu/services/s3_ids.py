"""The two ids by which S3 names a request."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha512


def s3_ids(request_id: str) -> dict[str, str]:
    """As headers: both say the same request. request_id: as all other services have it."""
    digest = sha512(request_id.encode()).digest()
    return {"x-amz-request-id": digest[:8].hex().upper(), "x-amz-id-2": b64encode(digest[8:64]).decode()}
