"""Two scanners that are too big to install for every run; they are asked where they are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from tests.infra.package import list_package
from tests.infra.template import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

EXCEPTIONS: Final = (CHECKOUT / "infra" / ".checkov.yaml").read_text().partition("skip-check:\n")[2]


def test_every_exception_has_its_reason() -> None:
    """Each check that is skipped says what it is about, below a comment that says why."""
    entries = [line for line in EXCEPTIONS.splitlines() if line.startswith("  - ")]
    assert entries
    for line in entries:
        assert re.fullmatch(r"  - CKV_AZURE_\d+ +# .+", line), line
    for block in EXCEPTIONS.split("  # ")[1:]:
        assert block.strip()


@pytest.mark.skipif(shutil.which("checkov") is None, reason="checkov is not on the PATH")
def test_checkov_finds_nothing() -> None:
    """Checkov finds nothing in the templates beyond the exceptions."""
    command = ["checkov", "--skip-download", "-d", "infra", "--framework", "bicep", "-o", "json"]
    report = json.loads(_output(command))
    assert report["summary"]["failed"] == 0, report["results"]["failed_checks"]
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 20


@pytest.mark.skipif(
    shutil.which("azure-functions-doctor") is None,
    reason="azure-functions-doctor is not on the PATH",
)
def test_the_doctor_finds_nothing(tmp_path: Path) -> None:
    """azure-functions-doctor finds nothing wrong with the package beside its template."""
    for path in [*list_package(), "infra/main.bicep"]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / path, tmp_path / path)
    command = ["azure-functions-doctor", "doctor", "--path", str(tmp_path), "--format", "json"]
    report = json.loads(_output(command))
    items = [item for section in report["results"] for item in section["items"]]
    assert [item for item in items if item["status"] == "fail"] == []


def _output(command: list[str]) -> str:
    return subprocess.run(  # noqa: S603 - a scanner, found on the PATH
        command, cwd=CHECKOUT, check=False, capture_output=True, text=True
    ).stdout
