"""Parquet files, read by pyarrow if it is installed."""

from collections.abc import Iterator
from pathlib import Path

from keras_ae._support.errors import InputError


def parquet_columns(path: Path, name: str) -> Iterator[str]:
    """Yields a text column of a Parquet file, reading a batch of rows at a time.

    Raises:
        InputError: If pyarrow is not installed, or the file is not a Parquet file or lacks the column.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise InputError(
            f"{str(path)!r}", "pyarrow to read Parquet", "pip install pyarrow, or give a CSV"
        ) from None
    try:
        with ParquetFile(path) as file:
            if name not in file.schema_arrow.names:
                raise InputError(f"{str(path)!r} without a column {name}", "one of texts", "correct it")
            for batch in file.iter_batches(columns=[name]):
                yield from map(str, batch.column(0).to_pylist())
    except ArrowException as error:
        reason = " ".join(str(error).split())[:100]
        raise InputError(f"{str(path)!r} ({reason})", "a Parquet file", "check the path") from None
