"""Counts of observations while decoding files."""

import threading
from collections import Counter

_CONVERSIONS = {
    "16-bit": "with 16 bits a channel reduced to 8",
    "16-bit, dark": "with 16 bits a channel reduced to 8, whose values all lie in the darkest quarter",
    "alpha": "with transparency laid over white",
    "colours": "with a palette, CMYK or other colours converted to RGB",
    "black and white": "with 1 bit a pixel converted to 8-bit gray",
    "rotated": "turned upright by their EXIF orientation",
    "animated": "with several frames: the first one used",
    "to gray": "in colour converted to gray",
    "to colour": "in gray given three equal channels",
    "bad": "skipped: they cannot be decoded",
}
_DARK = "16-bit, dark"
_TOO_DARK = "; if 65535 is not white there, as in images of 12 bits, say what is: --white-level 4095"
# Effects of resizing (see Preparation.effect), which are reported as shares of all images.
EFFECTS = {
    "stretched": "change their proportions by 10 % or more where they are stretched to one size",
    "padded": "get black bars of 10 % of their area or more",
    "cropped": "lose 10 % or more of their area to the crop: --resize stretch or pad keeps all of it",
}


class FileLog:
    """Counts observations while decoding, with the first file of each kind. Thread-safe.

    It holds no list of files, so streaming a million takes no more memory than streaming ten: callers must record
    each file only once.
    """

    def __init__(self):
        self.total = 0  # images examined for effects of resizing
        self.counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._lock = threading.Lock()

    def record(self, name: str, kinds: tuple[str, ...], count: int = 1) -> None:
        """Counts one file with its conversions, or `count` images of an array, which have no name."""
        with self._lock:
            for kind in kinds:
                self.counts[kind] += count
                self._first.setdefault(kind, name)

    def notes(self) -> tuple[str, ...]:
        """Returns a line per kind: the number of files, the conversion, and one of the files."""
        lines = [self._line(kind, text) for kind, text in _CONVERSIONS.items() if self.counts[kind]]
        total = f"{self.total:,} image{'' if self.total == 1 else 's'}"
        effects = [
            f"{self.counts[kind]:,} of {total} {text}" for kind, text in EFFECTS.items() if self.counts[kind]
        ]
        return (*effects, *lines)

    def _line(self, kind: str, text: str) -> str:
        count = self.counts[kind]
        line = f"{count:,} {'file' if count == 1 else 'files'} {text} (such as {self._first[kind]!r})"
        return line + _TOO_DARK if kind == _DARK and not self.counts["16-bit"] else line
