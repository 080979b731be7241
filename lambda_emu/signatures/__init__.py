"""Who signed a request, and whether the signature holds. What callers may do is said elsewhere."""
