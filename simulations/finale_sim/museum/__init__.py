"""What is known to be found, and found anew whenever somebody asks: the catalogue, the exhibits, the page."""

__all__: list[str] = []
