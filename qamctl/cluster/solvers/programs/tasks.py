"""Jobs that run in threads while the caller's thread looks at the clock, and what they bring, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Final, Protocol

#: Seconds between two looks at whether to go on.
POLL: Final = 0.02


class Job(Protocol):
    """Something that takes a while."""

    def solve(self) -> Any:
        """Do it, and say what came of it."""
        ...

    def stop(self) -> None:
        """End it soon; may be called from another thread, and more than once."""
        ...


class Tasks:
    """Some jobs at a time.

    Parameters
    ----------
    threads
        That work.
    width
        Jobs that are under way at most.
    ordered
        They come back in the order in which they were put in, so that nothing depends on how fast each was; else
        whichever is ready comes first.
    """

    def __init__(self, threads: int, width: int, ordered: bool) -> None:
        self.width, self.ordered = width, ordered
        self._pool = ThreadPoolExecutor(threads, "linear")
        self._under_way: list[tuple[Job, Future[Any]]] = []

    def __enter__(self) -> Tasks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()
        self._pool.shutdown()

    @property
    def full(self) -> bool:
        """Whether no more jobs are taken."""
        return len(self._under_way) >= self.width

    @property
    def some(self) -> bool:
        """Whether any job is under way."""
        return bool(self._under_way)

    def put(self, job: Job) -> None:
        """Begin a job as soon as a thread is free."""
        self._under_way.append((job, self._pool.submit(job.solve)))

    def take(self, halted: Callable[[], bool]) -> tuple[Job, Any]:
        """The next job that is done, and what it brought; all of them are told to end once `halted`.

        Raises
        ------
        Exception
            What the job raised.
        """
        while True:
            looked_at = self._under_way[:1] if self.ordered else self._under_way
            done = wait([future for _, future in looked_at], POLL, FIRST_COMPLETED).done
            for entry in looked_at:
                if entry[1] in done:
                    self._under_way.remove(entry)
                    return entry[0], entry[1].result()
            if halted():
                for job, _ in self._under_way:
                    job.stop()

    def clear(self) -> None:
        """End all jobs that are under way, whatever they would have brought."""
        for _, future in self._under_way:
            future.cancel()
        while wait([future for _, future in self._under_way], POLL).not_done:
            for job, _ in self._under_way:
                job.stop()
        self._under_way.clear()
