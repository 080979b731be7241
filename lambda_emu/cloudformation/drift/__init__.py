"""Whether what there is of a stack is what its template says: read from services, and compared."""
