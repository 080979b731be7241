"""environment: one execution environment, from its first process to its last. Runs on the loop; knows no engine."""
