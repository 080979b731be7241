"""Event source mappings: their settings and filters, and the states they go through."""
