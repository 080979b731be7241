"""runtime_api: the protocol that code inside an environment speaks to us. Runs on the loop; no Flask."""
