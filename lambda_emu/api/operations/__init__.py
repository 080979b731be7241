"""The operations of the Lambda API: one file for each family."""
