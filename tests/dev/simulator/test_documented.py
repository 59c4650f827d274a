import re
from pathlib import Path

import pytest

from dev.simulator.calls.person import KINDS as ACTIONS
from dev.simulator.clock import Clock
from dev.simulator.faults import KINDS, FaultSettings
from dev.simulator.phones import Phone
from dev.simulator.server import build_application
from tests.dev.simulator.world import World

PAGE = Path(__file__).parents[3] / "docs" / "simulator.md"
SHOWN = re.compile(r"curl -X (\w+) http://127\.0\.0\.1:7072/_simulator(\S+) -d '(.*)'")


async def test_every_name_is_in_the_guide(world: World) -> None:
    """docs/simulator.md names each path, phone setting, action, fault and pace of the clock."""
    text = PAGE.read_text("utf-8")
    paths = {
        resource.canonical
        for resource in build_application(world.exchange).router.resources()
        if resource.canonical.startswith("/_simulator") and "{rest}" not in resource.canonical
    }
    assert paths
    fields = {*Phone.__struct_fields__, *FaultSettings.__struct_fields__, *Clock.__slots__} - {
        "held"
    }
    missing = {name for name in paths | fields | ACTIONS | KINDS.keys() if name not in text}
    assert not missing


@pytest.mark.parametrize("example", SHOWN.findall(PAGE.read_text("utf-8")))
async def test_what_it_shows_works(world: World, example: tuple[str, str, str]) -> None:
    """Each order in docs/simulator.md is taken as it stands."""
    method, path, body = example
    async with world.session.request(
        method, f"{world.url}/_simulator{path}", data=body
    ) as response:
        assert response.status == 200
