"""What is passed between the rooms: typed models."""
