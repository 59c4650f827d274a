"""Ratios, aims, what is kept of them, and the command around them."""

import io
from pathlib import Path

import pytest

from dev.bench import command
from dev.bench.counting_proxy import kind_of_request
from dev.bench.figures import Aim, Comparison, Result, Run, read_runs
from dev.bench.report import page
from dev.bench.runs import Size, alternate
from dev.errors import CommandError
from dev.terminal import Terminal


def compared(*pairs: tuple[float, float], aim: Aim | None = None) -> Comparison:
    return Comparison(what="env", against="theirs", unit="ms", pairs=list(pairs), aim=aim)


def run_of(name: str, *comparisons: Comparison) -> Run:
    result = Result(name=name, measures="a thing", how="So.", comparisons=list(comparisons))
    return Run(result=result, at="today", machine="a machine", load=0.5, seconds=1.0)


def test_a_ratio_is_taken_of_each_pair() -> None:
    """A disturbance that hits a whole round leaves its ratio alone, and the median is taken."""
    found = compared((1, 2), (100, 200), (1, 9))
    assert (found.ratio, found.spread) == (2, (2, 9))
    assert compared((1, 1), (1, 2), (1, 3), (1, 4), (1, 5)).spread == (1.5, 4.5)


@pytest.mark.parametrize(
    ("aim", "met"),
    [(Aim("≥", 2), True), (Aim("≥", 3), False), (Aim("≤", 2), True), (Aim("≤", 1), False)],
)
def test_an_aim_has_a_side(aim: Aim, met: bool) -> None:  # noqa: FBT001 - a table of cases
    """At least, or at most."""
    assert compared((1, 2), aim=aim).is_met is met


async def test_baseline_and_candidate_alternate() -> None:
    """After one of each to warm up, both alternate, and which is first changes."""
    turns: list[str] = []

    async def baseline() -> float:
        turns.append("b")
        return 2.0

    async def candidate() -> float:
        turns.append("c")
        return 3.0

    assert await alternate("", Size(rounds=2), baseline, candidate) == [(2.0, 3.0)] * 2
    assert "".join(turns) == "bc" + "bc" + "cb"


def test_a_run_replaces_only_its_own(tmp_path: Path) -> None:
    """One benchmark measured again leaves the others' figures and the order of the page."""
    for run in (run_of("bulk", compared((1, 2))), run_of("drain", compared((1, 4)))):
        command.save(run, tmp_path)
    command.save(run_of("bulk", compared((1, 8))), tmp_path)
    runs = read_runs(tmp_path)
    assert {name: run.result.comparisons[0].ratio for name, run in runs.items()} == {
        "drain": 4,
        "bulk": 8,
    }
    text = (tmp_path / "README.md").read_text()
    assert text.index("## drain") < text.index("## bulk")


def test_a_missed_aim_is_shown_as_missed() -> None:
    """The page says so, in the summary and in the benchmark's own table."""
    missed = run_of("drain", compared((1, 1), aim=Aim("≥", 20)))
    assert page({"drain": missed}).count("≥ 20, missed") == 2


@pytest.mark.parametrize(("flags", "status"), [([], 0), (["--strict"], 1)])
def test_only_strict_fails(
    flags: list[str], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missed aim is a failure where one asks for that, and nowhere else."""
    missed = run_of("drain", compared((1, 1), aim=Aim("≥", 20)))
    monkeypatch.setattr(command, "measure", lambda *_: missed)
    assert command.main(["drain", "--out", str(tmp_path), *flags]) == status


def test_unknown_names_are_refused() -> None:
    """The error names those that there are."""
    with pytest.raises(CommandError, match="no benchmark speed") as raised:
        command.read_flags(["speed"])
    assert "drain" in raised.value.next_step


def test_each_ratio_is_a_line() -> None:
    """The terminal shows the ratio, its aim and both sides."""
    screen = io.StringIO()
    command.show(
        run_of("drain", compared((1, 30), aim=Aim("≥", 20))),
        Terminal(screen, live=False, colour=False),
    )
    assert screen.getvalue() == "drain       30.00 times  (aim ≥ 20)  env, against theirs\n"


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/devstoreaccount1/outbound-bulk/messages", "queue: put"),
        ("GET", "/devstoreaccount1/outbound/messages", "queue: get"),
        ("DELETE", "/devstoreaccount1/outbound/messages/1-2", "queue: delete"),
        ("POST", "/devstoreaccount1/ledger", "table: insert"),
        ("GET", "/devstoreaccount1/ledger()", "table: query"),
        ("PUT", "/devstoreaccount1/outbound", "other"),
    ],
)
def test_storage_requests_are_told_apart(method: str, path: str, kind: str) -> None:
    """By method and path, as the services have them."""
    assert kind_of_request(method, path) == kind
