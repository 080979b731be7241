"""Requests that are passed on to another server, and answers that are passed back, in bounded memory. On the loop."""
