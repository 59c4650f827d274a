"""How much an answer says about mistakes."""

from shared.accept.problems import cut_name, limit_problems, list_names, suggest_name
from shared.errors import Problem

ONE = Problem("$.to", "invalid_number", "x")


def test_a_list_of_problems_ends_after_a_thousand() -> None:
    """A thousand are listed; one more says that there are others."""
    assert limit_problems([ONE] * 1000) == [ONE] * 1000
    limited = limit_problems([ONE] * 1001)
    assert (len(limited), limited[-1].code) == (1001, "more_problems")


def test_callers_texts_are_cut_and_masked() -> None:
    """A name is as long as one can read, and no number in it can be."""
    assert cut_name("x" * 64) == "x" * 64
    assert cut_name("x" * 65) == "x" * 64 + "…"
    assert cut_name("to +14155552671") == "to +1415•••2671"
    assert list_names([str(n) for n in range(12)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
    assert list_names(["a", "b"]) == "a, b"


def test_a_near_miss_is_found() -> None:
    """Letter case and dashes do not matter; what resembles nothing has no near miss."""
    known = ["body", "media_url"]
    assert suggest_name("boddy", known) == "body"
    assert suggest_name("Media-URL", known) == "media_url"
    assert suggest_name("xyz", known) is None
    assert suggest_name("b" * 65, known) is None
