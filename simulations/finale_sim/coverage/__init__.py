"""What trials came by, and what was possible and never happened: the squares, where they are read off, and their tables."""

__all__: list[str] = []
