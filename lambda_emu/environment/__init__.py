"""environment: one execution environment, from its first process to its last. On the loop; no engine, no HTTP."""
