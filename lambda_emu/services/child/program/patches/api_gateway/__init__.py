"""What moto lacks of API Gateway, put into its classes: HTTP, WebSocket and REST APIs."""
