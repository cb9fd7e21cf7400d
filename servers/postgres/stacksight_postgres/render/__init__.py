"""From typed models to the text that an agent reads. Pure."""
