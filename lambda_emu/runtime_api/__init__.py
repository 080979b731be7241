"""runtime_api: the protocol that code inside an environment speaks to us. HTTP outside, values inside; no Flask."""
