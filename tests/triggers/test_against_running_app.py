"""The running app keeps to its own description, whatever it is asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.triggers.conftest import RunningApp

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)


@pytest.mark.longest
def test_nothing_undocumented_is_answered(running_app: RunningApp, tmp_path: Path) -> None:
    """No 5xx, no status, type or shape that the document does not name, along links too."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run",
        f"{running_app.url}/api/openapi.json",
        "--header", f"x-functions-key: {running_app.key}",
        "--checks", CHECKS,
        "--phases", "examples,coverage,fuzzing,stateful",
        "--max-examples", "15",
        "--seed", "7",
        "--workers", "1",
        "--no-color",
    ]  # fmt: skip
    ran = subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, text=True, timeout=400, check=False, cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
