"""Names that exported models and those who call them share."""

BYTES = "_uint8"  # what the names of endpoints end with that take images of bytes
