"""http: the loop, the HTTP/1.1 parser, connections and writers. Imports nothing of ours."""
