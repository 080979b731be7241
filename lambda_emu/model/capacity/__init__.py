"""Managed Instances: capacity providers, and the functions that run on them."""
