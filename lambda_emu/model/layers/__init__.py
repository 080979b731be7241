"""Layers, and which of them a function may have."""
