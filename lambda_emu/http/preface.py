"""How a client begins that knows beforehand that it is served by HTTP/2 (RFC 9113, 3.4)."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def behind_preface(data: bytes, received: int) -> bytes | None:
    """data: what came last, of so many bytes since the beginning. None: that is no preface, or not all of one."""
    begun = received - len(data)
    if received < len(PREFACE) or begun >= len(PREFACE) or not data.startswith(PREFACE[begun:]):
        return None
    return data[len(PREFACE) - begun :]
