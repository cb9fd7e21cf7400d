"""From Lighthouse's result to what an agent should know about it. No I/O."""
