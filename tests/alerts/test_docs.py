"""docs/alerts.md: what can be pasted is accepted as it stands."""

import json
import re
import shlex

import pytest

from dev.checkout import HERE
from shared.triggers import alerts, policies
from tests.alerts.alert_world import AlertWorld

PAGE = (HERE.root / "docs" / "alerts.md").read_text("utf-8")
ALERT, POLICY = [json.loads(each) for each in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


async def test_the_examples_are_accepted() -> None:
    """The alert and the policy of the page are taken."""
    world = AlertWorld()
    await world.raise_alert(ALERT)
    await world.put_policy("ops", **POLICY)


@pytest.mark.parametrize("place", range(len(COMMANDS)))
async def test_the_recipe_works(place: int) -> None:
    """Each body that the page sends is taken."""
    words = shlex.split(COMMANDS[place])
    body = json.loads(words[words.index("-d") + 1])
    world = AlertWorld()
    await world.put_policy("ops", **POLICY)
    if "policies" in COMMANDS[place]:
        assert (await world.ask(policies.put, body, policy="ops")).status_code == 200
    elif "from/" not in COMMANDS[place]:
        await world.raise_alert(body)
    else:
        reply = await world.ask(alerts.take_in, body, source="azure-monitor", query="?policy=ops")
        assert "warnings" not in json.loads(reply.get_body())
