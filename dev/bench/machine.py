"""The machine that the figures are from."""

import os
import platform
import re
from pathlib import Path
from typing import Final

CPUS: Final = Path("/proc/cpuinfo")


def machine() -> str:
    """The processor, how many of its cores there are, and the Python."""
    said = CPUS.read_text(encoding="utf-8") if CPUS.exists() else ""
    found = re.search(r"model name\s*: (.*)", said)
    model = found[1] if found else platform.machine()
    python = platform.python_version()
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {python}"
