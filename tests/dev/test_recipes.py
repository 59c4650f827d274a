"""The recipes and what README shows, run as they stand against the running app."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dev.checkout import HERE
from shared.inbound.answers import parse_answer
from tests.dev.commands.running import IS_SET_UP, Running

RECIPES = (HERE.root / "docs" / "recipes.md").read_text("utf-8")
README = (HERE.root / "README.md").read_text("utf-8")
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", RECIPES, re.DOTALL | re.MULTILINE))
SHOWN = re.compile(r"```sh\n(curl .*?)\n```\n\n```json\n(.*?)\n```", re.DOTALL)
SETTING = re.compile(r"^INBOUND_CALL='(.*)' python3 dev run$", re.MULTILINE)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_SET_UP, reason="run `python3 dev test` once: sets it up"),
]


@dataclass(frozen=True)
class Kitchen:
    """A running app, and a folder to run recipes in."""

    app: str
    queue: str
    simulator: str
    folder: Path

    def act(self, what: str, fields: dict[str, str]) -> None:
        """Let somebody outside text or call the app."""
        body = json.dumps(fields).encode()
        urllib.request.urlopen(f"{self.simulator}/_simulator/{what}", body, timeout=30).close()  # noqa: S310 - this machine

    def run(self, language: str, code: str) -> str:
        """Run one block with this run's addresses; return what it prints."""
        here = code.replace("http://127.0.0.1:7071", self.app)
        here = here.replace("http://127.0.0.1:10001/devstoreaccount1", self.queue)
        shell = ["/bin/bash", "-euo", "pipefail", "-c"]
        program = shell if language == "sh" else [sys.executable, "-c"]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.check_output(  # noqa: S603 - the documents' own code
            [*program, here], cwd=self.folder, env={**os.environ, "PATH": path}, text=True
        )


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kitchen]:
    with Running(HERE.root) as run:
        run.until("ready")
        app = run.shown("app").removesuffix("/api")
        simulator = run.shown("simulator").split()[0].rstrip("/")
        yield Kitchen(app, run.shown("queue"), simulator, tmp_path_factory.mktemp("kitchen"))
        run.end(signal.SIGTERM)


def blocks(text: str) -> list[tuple[str, str]]:
    """Return the blocks of code that can be run as they stand; others start the app."""
    found = BLOCK.findall(text)
    return [(language, code) for language, code in found if "python3 dev run" not in code]


def run_section(kitchen: Kitchen, title: str) -> list[str]:
    """Run a recipe's blocks of each language together: later ones use what earlier ones set."""
    printed = []
    for language in ("python", "sh"):
        codes = [code for each, code in blocks(SECTIONS[title]) if each == language]
        if codes:
            printed.append(kitchen.run(language, "\n".join(codes)))
    return printed


def test_every_recipe_is_run() -> None:
    """A new recipe with code needs a test of its own here."""
    with_code = {title for title, text in SECTIONS.items() if blocks(text)}
    assert with_code == {
        "Send a text from Python",
        "Text everybody in a CSV file",
        "Remind somebody tomorrow, and cancel it",
        "Get delivery reports in your web app",
        "Read what people text, and answer",
        "Send by putting JSON on the queue",
    }


def test_the_readme_has_the_same_python() -> None:
    """README shows the first recipe, to the letter."""
    [(language, code)] = blocks(SECTIONS["Send a text from Python"])
    assert (language, code) in BLOCK.findall(README)


def shape(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Which names a JSON value has, and of which types its members are."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    return type(value).__name__


def test_every_command_answers_what_the_readme_shows(kitchen: Kitchen) -> None:
    """Each `curl` of README, pasted as it stands, answers with what stands below it."""
    commands = SHOWN.findall(README)
    assert len(commands) == 3
    for command, expected in commands:
        answer = kitchen.run("sh", command)
        assert shape(json.loads(answer)) == shape(json.loads(expected)), command


def test_a_text_from_python(kitchen: Kitchen) -> None:
    """Run twice, it prints the same answer: the key is the same."""
    first = run_section(kitchen, "Send a text from Python")
    assert "'state': 'accepted'" in first[0]
    assert run_section(kitchen, "Send a text from Python") == first


def test_a_csv_from_a_file(kitchen: Kitchen) -> None:
    """Two people are texted, and the batch says how far it is."""
    [printed] = run_section(kitchen, "Text everybody in a CSV file")
    accepted, progress = (json.loads(each) for each in printed.replace("}{", "}\n{").splitlines())
    assert (accepted["count"], progress["count"]) == (2, 2)
    assert accepted["id"] == progress["id"]


def test_a_reminder_that_is_canceled(kitchen: Kitchen) -> None:
    """The reminder is canceled before it is due."""
    [printed] = run_section(kitchen, "Remind somebody tomorrow, and cancel it")
    assert json.loads(printed)["state"] == "canceled"


def test_a_status_callback(kitchen: Kitchen) -> None:
    """While developing, a receiver on this machine is taken."""
    [printed] = run_section(kitchen, "Get delivery reports in your web app")
    assert json.loads(printed)["state"] == "accepted"


def test_reading_inbound_and_answering(kitchen: Kitchen) -> None:
    """With nobody's text on the queue the program ends and has answered nobody."""
    assert run_section(kitchen, "Read what people text, and answer") == [""]


def test_all_texts_that_wait_are_answered(kitchen: Kitchen) -> None:
    """A call that came first does not keep the program from the texts behind it."""
    kitchen.act("calls", {"from": "+14165550123"})
    for body in ("Are you open?", "Hello?"):
        kitchen.act("messages", {"from": "+14165550123", "body": body})
    [printed] = run_section(kitchen, "Read what people text, and answer")
    assert [json.loads(each)["to"] for each in printed.splitlines()] == ["+14165550123"] * 2


def test_a_message_on_the_queue(kitchen: Kitchen) -> None:
    """Putting it there prints nothing and fails at nothing."""
    assert run_section(kitchen, "Send by putting JSON on the queue") == [""]


@pytest.mark.parametrize("title", ["Take voicemail", "Offer a menu"])
def test_an_answer_to_callers_is_a_setting(title: str) -> None:
    """What the recipe sets is a value that the setting takes."""
    [value] = SETTING.findall(SECTIONS[title])
    assert parse_answer(value, "call").page
