"""The images below a folder, decoded by threads while the first of them are used."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from keras_ae.data.decoding import BadImageError, Decoder
from keras_ae.data.listing import LeftOut, image_files

THREADS = 8


def decoded_ahead(
    folder: Path, decoder: Decoder, ahead: int, left_out: LeftOut | None = None
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Yields each file with its pixels, uint8 [h, w, c], or with what is wrong with it.

    Args:
        folder: Folder of images, in any nesting.
        decoder: Decodes them.
        ahead: Number of files that are decoded in advance.
        left_out: What is left out is added to it meanwhile.
    """

    def decode(file: str) -> np.ndarray | str:
        try:
            return decoder(folder / file)[0]
        except BadImageError as error:
            return error.received

    files = image_files(folder, left_out)
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[tuple[str, Future]] = deque()
        for file in islice(files, ahead):
            waiting.append((file, pool.submit(decode, file)))
        while waiting:
            file, future = waiting.popleft()
            yield file, future.result()
            for more in islice(files, 1):
                waiting.append((more, pool.submit(decode, more)))
