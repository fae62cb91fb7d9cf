"""Which offset of a partition may be committed while its messages end in any order."""

from __future__ import annotations

from collections.abc import Iterable


class Offsets:
    """The messages of each partition that were begun; only what lies below the first unfinished one is committed."""

    def __init__(self) -> None:
        self._begun: dict[int, dict[int, bool]] = {}  # partition → offset → finished, in the partition's order
        self._ready: dict[int, int] = {}

    @property
    def open(self) -> int:
        """Messages that are not finished."""
        return sum(self.open_in(partition) for partition in self._begun)

    def open_in(self, partition: int) -> int:
        """Messages of a partition that are not finished."""
        return sum(not finished for finished in self._begun.get(partition, {}).values())

    def begin(self, partition: int, offset: int) -> None:
        """A message is being worked on; those of a partition begin in its order."""
        self._begun.setdefault(partition, {})[offset] = False

    def finish(self, partition: int, offset: int) -> None:
        """It had its effect or was set aside; one that was forgotten meanwhile changes nothing."""
        part = self._begun.get(partition, {})
        if offset not in part:
            return
        part[offset] = True
        while part and part[first := next(iter(part))]:
            del part[first]
            self._ready[partition] = first + 1

    def take(self) -> dict[int, int]:
        """Partition → the next offset to read, for those that moved since it was last asked."""
        ready, self._ready = self._ready, {}
        return ready

    def forget(self, partitions: Iterable[int]) -> None:
        """These partitions are another's now."""
        for partition in partitions:
            self._begun.pop(partition, None)
            self._ready.pop(partition, None)
