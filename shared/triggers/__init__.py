"""The edge: HTTP, queue and timer handlers, one module per resource.

Each module is imported when it is first used, so that a cold start pays for one of them: a caller
waits in silence for everything that is imported before the first TwiML. `function_app.py` names
modules as attributes of this package, which survives the look that Azure's worker takes at every
attribute of `function_app`: https://peps.python.org/pep-0562/
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from shared.triggers import alerts as alerts
    from shared.triggers import api as api
    from shared.triggers import batches as batches
    from shared.triggers import call_script as call_script
    from shared.triggers import console as console
    from shared.triggers import entries as entries
    from shared.triggers import health as health
    from shared.triggers import inbound as inbound
    from shared.triggers import overview as overview
    from shared.triggers import policies as policies
    from shared.triggers import preview as preview
    from shared.triggers import queues as queues
    from shared.triggers import read_only as read_only
    from shared.triggers import received as received
    from shared.triggers import recipients as recipients
    from shared.triggers import status as status
    from shared.triggers import timers as timers
    from shared.triggers import tokens as tokens
    from shared.triggers import twilio as twilio
    from shared.triggers import twimlets as twimlets


def __getattr__(name: str) -> ModuleType:
    """Import the module `name` of this package."""
    module = f"{__name__}.{name}"
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
