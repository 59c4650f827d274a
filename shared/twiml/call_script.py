"""What an outgoing call says: its `say` text or its `steps`, as one TwiML document."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from shared.errors import InvalidRequestError
from shared.twiml.steps import branches_of, render_rest, render_steps

if TYPE_CHECKING:
    from collections.abc import Callable

# Below the shortest limit that Twilio sets for one <Say>, whatever the voice.
_MAX_SAY_CHARACTERS: Final = 2800


def render_call_script(
    request: Any,  # noqa: ANN401 - any request with those fields
    come_back: Callable[[str], str] | None = None,
) -> str | None:
    """Return the TwiML of a call request, or None for one whose TwiML is somebody else's.

    `come_back` is where its steps go on, as in `render_steps`.

    Raises:
        InvalidRequestError: with every problem of the text or the steps.
    """
    if request.steps is not None:
        return render_steps(request.steps, "call", inline=True, come_back=come_back)
    if request.say is None:
        return None
    attributes = {
        name: value
        for name in ("voice", "language")
        if (value := getattr(request, name)) is not None
    }
    steps = [{"say": {"text": part, **attributes}} for part in split_speech(request.say)]
    try:
        return render_steps(steps, "call")
    except InvalidRequestError as error:
        # The caller knows of one text, not of the steps that it became.
        raise InvalidRequestError(
            [replace(each, path="$.say") for each in error.problems]
        ) from None


def render_documents(
    request: Any,  # noqa: ANN401 - any request with those fields
    come_back: Callable[[str], str] | None = None,
) -> dict[str, str]:
    """Return every document of a call's script by its path: itself, and each branch of an `on`.

    It is empty for a call whose TwiML is somebody else's.

    Raises:
        InvalidRequestError: with every problem of the text or the steps.
    """
    script = render_call_script(request, come_back)
    if script is None:
        return {}
    if request.steps is None:
        return {"$.say": script}
    branches = branches_of(request.steps)
    return {"$.steps": script} | {
        path: render_rest(steps, 0, prefix, come_back) for path, prefix, steps in branches
    }


def split_speech(text: str) -> list[str]:
    """Split a text into parts that one <Say> takes, between words where it is too long."""
    if len(text) <= _MAX_SAY_CHARACTERS:
        return [text]
    return textwrap.wrap(
        text,
        _MAX_SAY_CHARACTERS,
        expand_tabs=False,
        replace_whitespace=False,
        drop_whitespace=False,
    )
