"""What is deployed and what is developed with are the same packages, each pinned by its hashes."""

import re
import tomllib

from dev.checkout import HERE
from dev.start import COMMANDS

LOCK = tomllib.loads((HERE.root / "uv.lock").read_text())
PROJECT = tomllib.loads((HERE.root / "pyproject.toml").read_text())
PIN = re.compile(
    r"^([a-z0-9-]+)==(\S+)((?: ;.*)?) \\\n((?:    --hash=\S+(?: \\)?\n)+)", re.MULTILINE
)
AGAIN = "run: uv lock && " + next(
    line.removeprefix("#    ")
    for line in (HERE.root / "requirements.txt").read_text().splitlines()
    if line.startswith("#    uv export ")
)


def test_requirements_are_those_of_the_lock() -> None:
    """Every package of requirements.txt has the version and the hashes of uv.lock."""
    pins = PIN.findall((HERE.root / "requirements.txt").read_text())
    locked = {(each["name"], each["version"]): each for each in LOCK["package"]}
    for name, version, _, hashes in pins:
        package = locked[name, version]
        files = [*package.get("wheels", ()), *filter(None, [package.get("sdist")])]
        assert set(re.findall(r"sha256:\w+", hashes)) == {each["hash"] for each in files}, AGAIN
    text = (HERE.root / "requirements.txt").read_text()
    assert len(pins) == len(re.findall(r"^[a-z]", text, re.MULTILINE)), AGAIN


def test_requirements_hold_what_the_app_depends_on() -> None:
    """Each dependency of pyproject.toml is pinned in requirements.txt, and says why it is there."""
    pins = {pin[:2] for pin in PIN.findall((HERE.root / "requirements.txt").read_text())}
    direct = {tuple(each.split(";")[0].split("==")) for each in PROJECT["project"]["dependencies"]}
    assert direct <= pins, AGAIN
    lines = (HERE.root / "pyproject.toml").read_text().splitlines()
    assert all(", # " in line for line in lines if re.match(r'  "[a-z-]+==', line))


def test_the_lock_names_no_registry_but_pypi() -> None:
    """A lock that was made behind a mirror would not install anywhere else."""
    text = (HERE.root / "uv.lock").read_text()
    assert set(re.findall(r"https?://[^/\"]+", text)) == {
        "https://pypi.org",
        "https://files.pythonhosted.org",
    }
    assert "://" not in (HERE.root / "requirements.txt").read_text()


def test_commands_need_groups_that_there_are() -> None:
    """Every group that a command asks for is one of pyproject.toml."""
    needed = frozenset().union(*(command.need.groups for command in COMMANDS.values()))
    assert needed <= set(PROJECT["dependency-groups"])
