"""What requests make of a function: creation, settings, updates, versions."""
