"""http2: HTTP/2 by prior knowledge. docs/decisions/http2.md."""
