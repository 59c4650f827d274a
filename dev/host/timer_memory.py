"""Remembers, over a restart of the host, when each timer function runs next."""

import json
from datetime import datetime
from pathlib import Path


class TimerMemory:
    """The next run of each function, in a JSON file; without a file, nothing is remembered."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._next: dict[str, datetime] = {}
        if file is not None and file.exists():
            stored = json.loads(file.read_text("utf-8"))
            self._next = {name: datetime.fromisoformat(text) for name, text in stored.items()}

    def next_run(self, function: str) -> datetime | None:
        """Return when a function should have run next, or None."""
        return self._next.get(function)

    def remember(self, function: str, due: datetime) -> None:
        """Store when a function runs next."""
        self._next[function] = due
        if self._file is not None:
            written = self._file.with_suffix(".new")
            written.write_text(
                json.dumps({name: moment.isoformat() for name, moment in self._next.items()})
            )
            written.replace(self._file)
