"""Why containers are not well: from facts to verdicts, without I/O."""
