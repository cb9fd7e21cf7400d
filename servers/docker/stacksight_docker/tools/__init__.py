"""The tools as an agent sees them: parameters and descriptions. Thin."""
