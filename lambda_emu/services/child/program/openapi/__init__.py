"""program/openapi: documents of Swagger 2 and OpenAPI 3 read into what API Gateway makes of them. Nothing of moto."""
