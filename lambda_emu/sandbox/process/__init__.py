"""Sandboxes as processes of this machine, kept apart by what the kernel gives."""
