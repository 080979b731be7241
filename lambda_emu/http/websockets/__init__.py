"""websockets: texts both ways. docs/decisions/websocket-apis.md."""
