"""Resource policies: their statements, whole documents, and what they allow."""
