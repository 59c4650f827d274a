"""What a command says instead of a stack trace."""


class CommandError(Exception):
    """Something outside the code is in the way; holds what, and what to do about it."""

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
