"""Digests of telephone numbers, so that no key in the table shows one.

A plain hash of a number is a dictionary of some billions away from it; a keyed one is not, as long
as the key is not in the table too. Twilio's tokens and the storage's keys change, and opt-outs must
outlive that, so the key is a setting of its own, `DIGEST_KEYS`, and the account's SID where that is
not set: no secret, but nothing that the table holds by itself either. Everything is found under
every key, so a key can be added later.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_PURPOSE: Final = b"switchboard: digests of numbers\0"
_LENGTH: Final = 16


class Digests:
    """Digests under one or several secrets, the newest first."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [hashlib.sha256(_PURPOSE + secret.encode()).digest() for secret in secrets]

    def of(self, text: str) -> str:
        """Return the digest under the newest secret: 32 hexadecimal digits."""
        return _digest(self._keys[0], text)

    def every(self, text: str) -> tuple[str, ...]:
        """Return the digests under every secret, since older rows are named by older ones."""
        return tuple(_digest(key, text) for key in self._keys)


def _digest(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256")[:_LENGTH].hex()
