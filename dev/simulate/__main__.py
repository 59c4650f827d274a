"""Runs the simulation in this interpreter: `python -m dev.simulate --seeds N`."""

import sys

from dev.simulate.command import main

sys.exit(main(sys.argv[1:]))
