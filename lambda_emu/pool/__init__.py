"""pool: who serves an invocation. The rules are pure; the movers run on the loop; the engine is asked through sandbox."""
