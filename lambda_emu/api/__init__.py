"""api: the Lambda API. Parses by botocore's model, calls a plain function, serialises; no rule of Lambda lives here."""
