"""Exceptions that end a document or a call: control flow, not errors."""


class HangUp(Exception):  # noqa: N818 # not an error
    """The document ends the call."""


class Rejected(HangUp):
    """The call is not answered; ``status`` is its final status."""

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__()


class Leave(Exception):  # noqa: N818 # not an error
    """The caller leaves the queue."""
