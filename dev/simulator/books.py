"""The account's books: every message, call and recording, with an index by To and by From."""

import secrets
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, Protocol, TextIO, TypeVar

import msgspec

API_VERSION = "2010-04-01"


class Message(msgspec.Struct):
    """A message in the shape of Twilio's resource."""

    sid: str
    account_sid: str
    to: str
    sender: str | None = msgspec.field(name="from")
    body: str
    status: str
    direction: str
    date_created: str
    date_updated: str
    date_sent: str | None
    num_segments: str
    num_media: str
    messaging_service_sid: str | None
    uri: str
    subresource_uris: dict[str, str]
    error_code: int | None = None
    error_message: str | None = None
    price: str | None = None
    price_unit: str = "USD"
    api_version: str = API_VERSION


class Call(msgspec.Struct):
    """A call in the shape of Twilio's resource."""

    sid: str
    account_sid: str
    to: str
    sender: str = msgspec.field(name="from")
    to_formatted: str
    from_formatted: str
    status: str
    direction: str
    date_created: str
    date_updated: str
    uri: str
    subresource_uris: dict[str, str]
    start_time: str | None = None
    end_time: str | None = None
    duration: str | None = None
    parent_call_sid: str | None = None
    phone_number_sid: str | None = None
    answered_by: str | None = None
    forwarded_from: str | None = None
    caller_name: str | None = None
    group_sid: str | None = None
    trunk_sid: str | None = None
    queue_time: str = "0"
    annotation: str | None = None
    price: str | None = None
    price_unit: str = "USD"
    api_version: str = API_VERSION


class Recording(msgspec.Struct):
    """A recording in the shape of Twilio's resource."""

    sid: str
    account_sid: str
    call_sid: str
    date_created: str
    date_updated: str
    start_time: str
    duration: str
    source: str
    media_url: str
    uri: str
    conference_sid: str | None = None
    status: str = "completed"
    channels: int = 1
    track: str = "both"
    error_code: int | None = None
    price: str | None = None
    price_unit: str = "USD"
    encryption_details: None = None
    subresource_uris: dict[str, str] = {}
    api_version: str = API_VERSION

    @property
    def to(self) -> str:
        """Recordings are not listed by address."""
        return ""

    @property
    def sender(self) -> str | None:
        """Recordings are not listed by address."""
        return None


class Wish(msgspec.Struct):
    """What the sender of a message asked for that Twilio's resource does not show."""

    sid: str
    callback: str = ""
    media: list[str] = []
    send_at: float | None = None


class _Row(Protocol):
    @property
    def sid(self) -> str: ...
    @property
    def to(self) -> str: ...
    @property
    def sender(self) -> str | None: ...


Row = TypeVar("Row", bound=_Row)


class Shelf(Generic[Row]):
    """Rows of one kind in the order in which they came."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self._order: dict[str, int] = {}
        self._all: list[Row] = []
        self._by_to: defaultdict[str, list[Row]] = defaultdict(list)
        self._by_sender: defaultdict[str, list[Row]] = defaultdict(list)

    def add(self, row: Row) -> None:
        """Put a new row on the shelf."""
        self.rows[row.sid] = row
        self._order[row.sid] = len(self._all)
        self._all.append(row)
        self._by_to[row.to].append(row)
        if row.sender:
            self._by_sender[row.sender].append(row)

    def newest(self, to: str = "", sender: str = "", after: str = "") -> Iterator[Row]:
        """Rows to and from these addresses, newest first, from the one after ``after`` on."""
        rows = self._all
        if to or sender:
            rows = self._by_to.get(to, []) if to else self._by_sender.get(sender, [])
        end = len(rows)
        if after:
            place = self._order.get(after, 0)
            end = bisect_left(rows, place, key=lambda row: self._order[row.sid])
        for at in range(end - 1, -1, -1):
            row = rows[at]
            if row.sid in self.rows and (not sender or row.sender == sender):
                yield row


class _Line(msgspec.Struct):
    kind: str
    row: msgspec.Raw


class Books:
    """The shelves, and the file that keeps them over a restart."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._empty()
        if path is not None:
            self._read(path)
            self._file = path.open("a", encoding="utf-8", buffering=1)
            self._file.write("\n")  # a crash may have cut the last line short

    def _empty(self) -> None:
        self.messages: Shelf[Message] = Shelf()
        self.calls: Shelf[Call] = Shelf()
        self.recordings: Shelf[Recording] = Shelf()
        self.wishes: dict[str, Wish] = {}

    def add_message(self, message: Message, wish: Wish | None = None) -> None:
        """Enter a message, with what its sender wished for."""
        self.messages.add(message)
        self.keep("message", message)
        if wish is not None:
            self.wishes[message.sid] = wish
            self.keep("wish", wish)

    def add_call(self, call: Call) -> None:
        """Enter a call."""
        self.calls.add(call)
        self.keep("call", call)

    def add_recording(self, recording: Recording) -> None:
        """Enter a recording."""
        self.recordings.add(recording)
        self.keep("recording", recording)

    def keep(self, kind: str, row: object) -> None:
        """Write a row's present state to the file, if there is one."""
        if self._file is not None:
            self._file.write(msgspec.json.encode({"kind": kind, "row": row}).decode() + "\n")

    def delete(self, kind: str, sid: str) -> None:
        """Strike a row out."""
        for shelf in (self.messages.rows, self.calls.rows, self.recordings.rows):
            shelf.pop(sid, None)  # a SID lives on one shelf only
        self.keep(f"deleted {kind}", sid)

    def clear(self) -> None:
        """Burn the books, the file included."""
        self._empty()
        if self._file is not None:
            self._file.truncate(0)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self, path: Path) -> None:
        found: dict[str, dict[str, msgspec.Raw]] = defaultdict(dict)
        if path.exists():
            for text in path.read_bytes().splitlines():
                _remember(found, text)
        for raw in found["message"].values():
            self.messages.add(msgspec.json.decode(raw, type=Message))
        for raw in found["call"].values():
            self.calls.add(msgspec.json.decode(raw, type=Call))
        for raw in found["recording"].values():
            self.recordings.add(msgspec.json.decode(raw, type=Recording))
        for raw in found["wish"].values():
            wish = msgspec.json.decode(raw, type=Wish)
            self.wishes[wish.sid] = wish


def _remember(found: dict[str, dict[str, msgspec.Raw]], text: bytes) -> None:
    """Keep the last state of each row; a line cut short by a crash is skipped."""
    try:
        line = msgspec.json.decode(text, type=_Line)
    except msgspec.DecodeError:
        return
    if line.kind.startswith("deleted "):
        found[line.kind.removeprefix("deleted ")].pop(msgspec.json.decode(line.row, type=str), None)
        return
    sid = msgspec.json.decode(line.row, type=dict[str, object])["sid"]
    found[line.kind][str(sid)] = line.row


def new_sid(prefix: str) -> str:
    """A new identifier in Twilio's form: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)
