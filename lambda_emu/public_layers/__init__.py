"""Layers that others publish under ARNs of theirs: which are known, and how what they hold is had. docs/layers.md.

AWS gives their zips to who has an account. Here what they are made of comes from the registry that has it, once.
"""
