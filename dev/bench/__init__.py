"""`python3 dev bench [name …]`: what Switchboard costs, each figure a ratio in one run.

A candidate and its baseline run alternately on the same machine, so that what disturbs one
disturbs the other; each pair of runs gives a ratio. Results go to docs/bench/.
"""

from dev.bench.command import main

__all__ = ["main"]
