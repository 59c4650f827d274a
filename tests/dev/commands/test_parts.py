"""What is installed once is not installed again, and half an install is no install."""

import io
import threading
from pathlib import Path

import pytest

from dev.checkout import Checkout
from dev.errors import CommandError
from dev.parts import Part, bring_up_to_date, fingerprint
from dev.terminal import Terminal


class Recipe:
    """An install that counts, and can fail or wait."""

    def __init__(self, stamp: Path) -> None:
        self.stamp = stamp
        self.made_from = "first"
        self.runs = 0
        self.fails: Exception | None = None
        self.usable = True
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.began = threading.Event()

    def part(self) -> Part:
        return Part(self.stamp, lambda: self.made_from, lambda: self.usable, self._install)

    def _install(self, lock: int) -> None:
        assert lock > 0
        self.runs += 1
        self.began.set()
        self.may_go_on.wait()
        if self.fails:
            raise self.fails
        self.stamp.parent.mkdir(exist_ok=True)


@pytest.fixture
def recipe(checkout: Checkout) -> Recipe:
    return Recipe(checkout.root / "thing" / "stamp")


def test_installs_once(recipe: Recipe, checkout: Checkout, terminal: Terminal) -> None:
    """A second start finds the stamp and starts nothing."""
    for _ in range(2):
        bring_up_to_date([recipe.part()], checkout, terminal)
    assert recipe.runs == 1


@pytest.mark.parametrize("change", ["made_from", "usable"])
def test_installs_again_after_a_change(
    recipe: Recipe, checkout: Checkout, terminal: Terminal, change: str
) -> None:
    """New pins, or a part that no longer works, bring the installer back."""
    bring_up_to_date([recipe.part()], checkout, terminal)
    setattr(recipe, change, "" if change == "usable" else "second")
    bring_up_to_date([recipe.part()], checkout, terminal)
    assert recipe.runs == 2


def test_repairs_an_interrupted_install(
    recipe: Recipe, checkout: Checkout, terminal: Terminal
) -> None:
    """An install that was cut short leaves no stamp, not even an older one."""
    bring_up_to_date([recipe.part()], checkout, terminal)
    recipe.made_from, recipe.fails = "second", CommandError("cut", "again")
    with pytest.raises(CommandError):
        bring_up_to_date([recipe.part()], checkout, terminal)
    recipe.made_from, recipe.fails = "first", None
    bring_up_to_date([recipe.part()], checkout, terminal)
    assert recipe.runs == 3


def test_two_commands_take_turns(
    recipe: Recipe, checkout: Checkout, terminal: Terminal, screen: io.StringIO
) -> None:
    """The second of two on a fresh checkout says that it waits, and then installs nothing."""
    recipe.may_go_on.clear()
    say_waiting = threading.Event()

    class Telling(io.StringIO):
        def flush(self) -> None:
            say_waiting.set()

    second_screen = Telling()
    second_terminal = Terminal(second_screen, live=False, colour=False)
    first = threading.Thread(target=bring_up_to_date, args=([recipe.part()], checkout, terminal))
    first.start()
    assert recipe.began.wait(10)
    arguments = ([recipe.part()], checkout, second_terminal)
    second = threading.Thread(target=bring_up_to_date, args=arguments)
    second.start()
    assert say_waiting.wait(10)
    recipe.may_go_on.set()
    first.join(10)
    second.join(10)
    assert recipe.runs == 1
    assert "waiting for it" in second_screen.getvalue()
    assert "waiting" not in screen.getvalue()


def test_a_disk_in_the_way_is_named(recipe: Recipe, checkout: Checkout, terminal: Terminal) -> None:
    """A folder that cannot be made is words with its path, not a trace."""
    checkout.own.write_text("a file where the folder should be")
    with pytest.raises(CommandError) as caught:
        bring_up_to_date([recipe.part()], checkout, terminal)
    assert str(checkout.own) in caught.value.what
    assert "writable" in caught.value.next_step


def test_fingerprint_keeps_files_apart(tmp_path: Path) -> None:
    """Moving a line from one pinned file to the next is a change."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("ab")
    two.write_text("c")
    before = fingerprint([one, two], "x")
    one.write_text("a")
    two.write_text("bc")
    assert fingerprint([one, two], "x") != before
