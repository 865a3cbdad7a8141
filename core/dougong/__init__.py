"""dougong: small pieces that lock together, each removable, together carrying the roof."""

__version__ = "0.1.0"
