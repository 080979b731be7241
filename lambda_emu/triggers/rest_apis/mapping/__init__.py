"""rest_apis/mapping: what an integration makes of requests and of answers, and which requests are valid. No I/O."""
