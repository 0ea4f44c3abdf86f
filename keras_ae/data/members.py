"""Images within tar files, named by their places, so that each is read directly."""

import io
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_NAME = re.compile(r"(?P<tar>.+\.tar)/(?P<member>[^/]+)@(?P<start>\d+)\+(?P<size>\d+)")


@dataclass(frozen=True)
class Member:
    """A file within a tar file.

    Attributes:
        tar: Path of the tar file.
        name: Its name there.
        start: Byte of the tar file at which its content starts.
        size: Its size in bytes.

    Example:
        >>> member = Member.named("shards/shard-00000.tar/000000001.png@1536+98")
        >>> member.tar, member.size, str(member)
        ('shards/shard-00000.tar', 98, 'shards/shard-00000.tar/000000001.png@1536+98')
    """

    tar: str
    name: str
    start: int
    size: int

    @classmethod
    def named(cls, path: str | os.PathLike) -> "Member | None":
        """Returns the member that a path names; None for an ordinary file's path."""
        text = os.fspath(path)
        found = _NAME.fullmatch(text) if "@" in text else None
        return found and cls(found["tar"], found["member"], int(found["start"]), int(found["size"]))

    def __str__(self) -> str:
        return f"{self.tar}/{self.name}@{self.start}+{self.size}"

    def read(self) -> io.BytesIO:
        """Returns the member's content.

        Raises:
            OSError: If the tar file cannot be read, or is too short.
        """
        with open(self.tar, "rb") as file:
            file.seek(self.start)
            content = file.read(self.size)
        if len(content) < self.size:
            raise OSError(f"{self.tar} is cut short")
        return io.BytesIO(content)


def missing(paths: Iterable[str]) -> Iterator[str]:
    """Yields the paths without a file or a sufficiently long tar file; looks at each tar file once."""
    sizes: dict[str, int] = {}
    for path in paths:
        member = Member.named(path)
        if member is None:
            if not os.path.isfile(path):
                yield path
            continue
        if member.tar not in sizes:
            sizes[member.tar] = os.path.getsize(member.tar) if os.path.isfile(member.tar) else 0
        if member.start + member.size > sizes[member.tar]:
            yield path
