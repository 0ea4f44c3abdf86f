"""Rate and distortion: curves of codecs, the standard codecs, and the BD-rate between two curves."""
