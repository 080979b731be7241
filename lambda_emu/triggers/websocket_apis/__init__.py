"""WebSocket APIs of API Gateway: their connections, the messages of each, and what back ends do with them."""
