"""Names that exported models share with their callers."""

BYTES = "_uint8"  # suffix of the names of endpoints that take images of bytes
