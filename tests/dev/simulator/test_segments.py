import pytest

from dev.simulator.segments import segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ł" * 70, 1),
        ("ł" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("a" * 1600, 11),
    ],
)
def test_segments(text: str, expected: int) -> None:
    """Segments are counted in GSM septets with escapes, else in UTF-16 units."""
    assert segments(text) == expected
