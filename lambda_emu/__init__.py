"""lambda-emu: run AWS Lambda functions on your machine, with Lambda's limits, logs and prices."""
