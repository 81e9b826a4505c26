"""Progress on standard error: one line a step, so that standard output holds nothing but the result."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from pilot.report.messages import step_text


class Steps:
    """Feed `update` shares of named steps; a new name ends the step before it. They are told in `lang`."""

    def __init__(self, lang: str = "en") -> None:
        self._lang = lang
        columns = (TextColumn("{task.description:<40}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._step = ""
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._end_step()
        self._progress.stop()

    def update(self, share: float, step: str) -> None:
        if step != self._step or self._task is None:
            self._end_step()
            self._step, self._task = step, self._progress.add_task(step_text(step, self._lang), total=1.0)
        self._progress.update(self._task, completed=share)

    def _end_step(self) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=1.0)
            self._progress.stop_task(self._task)
