"""Bits, and what is lost for them: curves of codecs, the standard ones, and the BD-rate between two curves."""
