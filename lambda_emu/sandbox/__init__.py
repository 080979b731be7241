"""sandbox: how an environment runs. The only room that knows an engine, a namespace or the init."""
