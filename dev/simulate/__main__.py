"""Runs the simulation in this interpreter: `python -m dev.simulate --seeds N`."""

import sys

from dev.simulate import main, mutations

mutations.install_flagged(sys.argv[1:])
sys.exit(main(sys.argv[1:]))
