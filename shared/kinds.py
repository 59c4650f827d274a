"""The two kinds of what is sent, and the two lanes that it takes: named here and nowhere else."""

from __future__ import annotations

from typing import Literal

Kind = Literal["message", "call"]
Lane = Literal["now", "bulk"]
