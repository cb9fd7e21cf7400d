"""The tools as the agent sees them, one module each: parameters, description, and who answers."""
