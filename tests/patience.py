"""How long tests wait for what surely comes; a busy machine is slow, not wrong."""

from typing import Final

PATIENCE_SECONDS: Final = 120.0
