"""The files that people, editors and services expect in a repository."""

import json
import re
import tomllib

import pytest

from dev.checkout import HERE

PROJECT = tomllib.loads((HERE.root / "pyproject.toml").read_text())


def text(name: str) -> str:
    return (HERE.root / name).read_text("utf-8")


def test_the_licence_is_the_one_that_is_named() -> None:
    """pyproject.toml says MIT, and the file is there."""
    assert PROJECT["project"]["license"] == "MIT"
    for name in PROJECT["project"]["license-files"]:
        assert text(name).startswith("MIT License")
    assert PROJECT["project"]["authors"] == [{"name": "The Switchboard authors"}]
    assert "The Switchboard authors" in text("LICENSE")


def test_commits_are_formatted_by_the_ruff_of_the_check() -> None:
    """The hook and `python3 dev check` have the same version."""
    (hook,) = re.findall(r"rev: v(\S+)", text(".pre-commit-config.yaml"))
    assert f"ruff=={hook}" in PROJECT["dependency-groups"]["check"]


def test_ci_runs_the_readmes_command_on_every_python() -> None:
    """Those that pyproject.toml allows."""
    workflow = text(".github/workflows/ci.yml")
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.14"
    assert 'python: ["3.11", "3.12", "3.13"]' in workflow
    assert "run: python3 dev test" in workflow


@pytest.mark.parametrize("name", ["extensions", "launch", "settings", "tasks"])
def test_the_editor_finds_its_files(name: str) -> None:
    """They are JSON, and not ignored by git."""
    assert json.loads(text(f".vscode/{name}.json"))
    assert ".vscode" not in text(".gitignore")


def test_a_launch_starts_a_task_that_there_is() -> None:
    """Every preLaunchTask, and what a task depends on, is a task."""
    tasks = json.loads(text(".vscode/tasks.json"))["tasks"]
    wanted = {
        each["preLaunchTask"] for each in json.loads(text(".vscode/launch.json"))["configurations"]
    }
    wanted |= {each["dependsOn"] for each in tasks if "dependsOn" in each}
    assert wanted <= {each["label"] for each in tasks}
