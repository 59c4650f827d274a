"""`python3 dev bench [name …]`: what Switchboard costs, each figure a ratio in one run.

A candidate and its baseline take turns on the same machine, so that what disturbs one disturbs
the other; a ratio is taken of each pair of turns. Results go to docs/bench/.
"""

from dev.bench.command import main

__all__ = ["main"]
