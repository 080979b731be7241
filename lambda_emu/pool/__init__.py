"""pool: who serves an invocation. Its rules are pure, its movers run on the loop; engines are asked through sandbox."""
