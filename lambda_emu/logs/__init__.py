"""logs: what Lambda writes about an invocation, and what it costs. Texts and figures; one writer thread of its own."""
