"""Which indexes would help which queries, at what size and price. Pure: the source asks."""
