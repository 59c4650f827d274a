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
    def requirements(self) -> tuple[Path, ...]:
        """The files that pin the Python packages; the last one includes the others."""
        return (self.root / "requirements.txt", self.root / "dev" / "requirements.txt")

    @property
    def own(self) -> Path:
        """What commands keep here: Node's packages, logs, the lock."""
        return self.root / ".dev"

    @property
    def logs(self) -> Path:
        """The folder for the output that nobody wants to see until something fails."""
        return self.own / "log"


HERE = Checkout(Path(__file__).resolve().parent.parent)
