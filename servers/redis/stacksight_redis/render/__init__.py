"""From models to compact text. Pure."""
