"""REST APIs of API Gateway: what their control plane says is read once, and each request answered without it."""
