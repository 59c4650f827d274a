"""What infra/ declares, read with a parser of Bicep."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from pycep import BicepParser

CHECKOUT: Final = Path(__file__).parents[2]
MAIN: Final = CHECKOUT / "infra" / "main.bicep"
ALERTS: Final = CHECKOUT / "infra" / "alerts.bicep"

# pycep gives a reference and a text alike as a str; what else there is comes as a dict or list.
Value = Any


@cache
def template(path: Path) -> dict[str, dict[str, Value]]:
    """A Bicep file by section: parameters, variables, resources."""
    return cast("dict[str, dict[str, Value]]", BicepParser().parse(text=path.read_text()))


def variable(name: str, path: Path = MAIN) -> Value:
    """The value of a variable."""
    return template(path)["variables"][name]["value"]


def resources(kind: str, path: Path = MAIN) -> dict[str, Value]:
    """The resources of a type, by symbol; of a conditional or repeated one, what is within."""
    return {
        symbol: _within(resource["config"])
        for symbol, resource in template(path)["resources"].items()
        if resource["type"] == kind
    }


def secure_parameters() -> set[str]:
    """The parameters that are marked secure."""
    return {
        name
        for name, parameter in template(MAIN)["parameters"].items()
        if any(decorator["type"] == "secure" for decorator in parameter["decorators"])
    }


def app_settings() -> dict[str, Value]:
    """Every setting that the template always gives the app: `settings` and `secrets` add to it."""
    union = resources("Microsoft.Web/sites/config")["appSettings"]["properties"]["function"]
    assert union["type"] == "union"
    names = list(union["parameters"].values())
    assert names == ["sampling", "settings", "fixedSettings", "secretReferences"]
    return {**variable("sampling"), **variable("fixedSettings")}


def example(parameter: str) -> set[str]:
    """The names that main.bicepparam gives in an object parameter."""
    text = (CHECKOUT / "infra" / "main.bicepparam").read_text()
    (block,) = re.findall(rf"^param {parameter} = \{{\n(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^  (\w+): ", block, re.MULTILINE))


def _within(config: Value) -> Value:
    return config.get("config", config)
