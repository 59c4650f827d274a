"""The suite: one folder for each room.

Before anything else it imports the rooms, which the app leaves to their first use: that can be in
the middle of coverage's own work, and coverage does not see what runs there.
"""

from importlib import import_module
from pkgutil import walk_packages

import shared

for each in walk_packages(shared.__path__, "shared."):
    import_module(each.name)
