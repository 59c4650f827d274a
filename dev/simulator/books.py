"""The account's books: every message, call and recording, kept in memory and in a file."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, Protocol, TextIO, TypeVar

import msgspec

from dev.simulator.resources import Call, Message, Recording

Lines = dict[str, dict[str, msgspec.Raw]]  # kind -> SID -> the last state of that row


class MessageOptions(msgspec.Struct):
    """Options of a message that Twilio's resource does not show."""

    sid: str = ""
    callback: str = ""
    media: list[str] = []
    send_at: float | None = None  # seconds since 1970
    smart_encoded: bool = False


class CallError(msgspec.Struct):
    """The error that ended a call; Twilio's resource says "completed" all the same."""

    sid: str
    code: int


class _Row(Protocol):
    @property
    def sid(self) -> str: ...


Row = TypeVar("Row", bound=_Row)


class Table(Generic[Row]):
    """Rows of one kind in the order in which they came, indexed by To and From."""

    def __init__(self, parties: Callable[[Row], tuple[str, str | None]]) -> None:
        self.rows: dict[str, Row] = {}
        self._parties = parties  # gives a row's To and From
        self._order: dict[str, int] = {}
        self._all: list[Row] = []
        self._by_to: defaultdict[str, list[Row]] = defaultdict(list)
        self._by_sender: defaultdict[str, list[Row]] = defaultdict(list)

    def add(self, row: Row) -> None:
        """Append a new row."""
        self.rows[row.sid] = row
        self._order[row.sid] = len(self._all)
        self._all.append(row)
        to, sender = self._parties(row)
        self._by_to[to].append(row)
        if sender:
            self._by_sender[sender].append(row)

    def index_sender(self, row: Row) -> None:
        """List a row by its sender, which was not known when the row was added."""
        sender = self._parties(row)[1] or ""
        insort(self._by_sender[sender], row, key=self._position)

    def newest(self, to: str = "", sender: str = "", after: str = "") -> Iterator[Row]:
        """Yield the rows to and from these addresses, newest first, starting after row `after`."""
        rows = self._all
        if to or sender:
            rows = self._by_to.get(to, []) if to else self._by_sender.get(sender, [])
        end = len(rows)
        if after:
            end = bisect_left(rows, self._order.get(after, 0), key=self._position)
        for at in range(end - 1, -1, -1):
            row = rows[at]
            if row.sid in self.rows and (not sender or self._parties(row)[1] == sender):
                yield row

    def _position(self, row: Row) -> int:
        return self._order[row.sid]


class _Line(msgspec.Struct):
    kind: str
    row: msgspec.Raw


class Books:
    """The tables, and the file that keeps them over a restart."""

    def __init__(self, path: Path | None = None) -> None:
        self._file: TextIO | None = None
        self._empty()
        if path is not None:
            self._read(path)
            self._file = path.open("a", encoding="utf-8", buffering=1)
            self._file.write("\n")  # a crash may have cut the last line short

    def _empty(self) -> None:
        self.messages: Table[Message] = Table(lambda row: (row.to, row.sender))
        self.calls: Table[Call] = Table(lambda row: (row.to, row.sender))
        self.recordings: Table[Recording] = Table(lambda _row: ("", None))
        self.message_options: dict[str, MessageOptions] = {}
        self.call_errors: dict[str, CallError] = {}

    def add_message(self, message: Message, options: MessageOptions | None = None) -> None:
        """Add a message and its options."""
        self.messages.add(message)
        self.keep("message", message)
        if options is not None:
            self.message_options[message.sid] = options
            self.keep("message_options", options)

    def add_call(self, call: Call) -> None:
        """Add a call."""
        self.calls.add(call)
        self.keep("call", call)

    def add_call_error(self, error: CallError) -> None:
        """Record the error that ended a call."""
        self.call_errors[error.sid] = error
        self.keep("call_error", error)

    def add_recording(self, recording: Recording) -> None:
        """Add a recording."""
        self.recordings.add(recording)
        self.keep("recording", recording)

    def keep(self, kind: str, row: object) -> None:
        """Write a row's present state to the file, if there is one."""
        if self._file is not None:
            self._file.write(msgspec.json.encode({"kind": kind, "row": row}).decode() + "\n")

    def delete(self, kind: str, sid: str) -> None:
        """Delete a row."""
        for table in (self.messages.rows, self.calls.rows, self.recordings.rows):
            table.pop(sid, None)  # a SID is in one table only
        self.keep(f"deleted {kind}", sid)

    def clear(self) -> None:
        """Delete everything, the file's lines included."""
        self._empty()
        if self._file is not None:
            self._file.truncate(0)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self, path: Path) -> None:
        lines: Lines = defaultdict(dict)
        if path.exists():
            for text in path.read_bytes().splitlines():
                _read_line(lines, text)
        for raw in lines["message"].values():
            self.messages.add(msgspec.json.decode(raw, type=Message))
        for raw in lines["call"].values():
            self.calls.add(msgspec.json.decode(raw, type=Call))
        for raw in lines["recording"].values():
            self.recordings.add(msgspec.json.decode(raw, type=Recording))
        for sid, raw in lines["message_options"].items():
            self.message_options[sid] = msgspec.json.decode(raw, type=MessageOptions)
        for sid, raw in lines["call_error"].items():
            self.call_errors[sid] = msgspec.json.decode(raw, type=CallError)


def _read_line(lines: Lines, text: bytes) -> None:
    """Keep the last state of each row; skip a line that a crash cut short."""
    try:
        line = msgspec.json.decode(text, type=_Line)
    except msgspec.DecodeError:
        return
    if line.kind.startswith("deleted "):
        lines[line.kind.removeprefix("deleted ")].pop(msgspec.json.decode(line.row, type=str), None)
        return
    sid = msgspec.json.decode(line.row, type=dict[str, object])["sid"]
    lines[line.kind][str(sid)] = line.row
