"""Where things are in a checkout."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checkout:
    """A folder with this project in it; what is installed stays inside."""

    root: Path

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The virtual environment's interpreter."""
        return self.venv / "bin" / "python"

    @property
    def own(self) -> Path:
        """The folder of what commands keep here: uv, Node's packages, logs, the lock."""
        return self.root / ".dev"

    @property
    def node(self) -> Path:
        """The folder of Node's packages."""
        return self.own / "node"

    @property
    def logs(self) -> Path:
        """The folder of output that is read only when something fails."""
        return self.own / "log"


HERE = Checkout(Path(__file__).resolve().parent.parent)
