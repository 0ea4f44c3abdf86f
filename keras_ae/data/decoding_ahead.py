"""Decodes image files in threads while earlier ones are used."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from keras_ae.data.decoding import BadImageError, Decoder
from keras_ae.data.file_log import FileLog

THREADS = 8


def decoded_ahead(
    root: Path, files: Iterable[str], decoder: Decoder, ahead: int, log: FileLog | None = None
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Yields each file with its pixels, uint8 [h, w, c], or with the reason why it cannot be decoded.

    Args:
        root: Folder to which the paths are relative.
        files: Paths, such as those from `image_files`.
        decoder: Decodes them.
        ahead: Number of files decoded in advance, at least 1.
        log: Log of conversions, such as from colour to gray.
    """

    def decode(file: str) -> np.ndarray | str:
        try:
            pixels, kinds = decoder(root / file)
        except BadImageError as error:
            return error.received
        if log is not None:
            log.record(file, kinds)
            log.total += 1
        return pixels

    files = iter(files)
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[tuple[str, Future]] = deque()
        for file in islice(files, ahead):
            waiting.append((file, pool.submit(decode, file)))
        while waiting:
            file, future = waiting.popleft()
            yield file, future.result()
            for more in islice(files, 1):
                waiting.append((more, pool.submit(decode, more)))
