"""AWS's Parameters and Secrets extension: what it answers inside an environment is answered by us. docs/layers.md.

What code asks of it is asked of Secrets Manager and Parameter Store in the name of the function's role, and kept for a
while.
"""
