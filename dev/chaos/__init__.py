"""`python3 dev chaos`: break everything on purpose, then count what was sent."""

from dev.chaos.command import main

__all__ = ["main"]
