"""What infra/ declares, read with a parser of Bicep."""

from __future__ import annotations

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
    """Every setting that the template can give the app, less those passed in `settings`."""
    union = resources("Microsoft.Web/sites/config")["appSettings"]["properties"]["function"]
    assert union["type"] == "union"
    given: dict[str, Value] = {}
    for name in union["parameters"].values():
        if name != "settings":
            given |= _either(variable(name))
    return given


def _within(config: Value) -> Value:
    return config.get("config", config)


def _either(value: Value) -> dict[str, Value]:
    """An object, or what `condition ? {} : object` gives at the most."""
    if "operator" not in value:
        return dict(value)
    operands = value["operator"]["operands"]
    return {**operands["true_value"], **operands["false_value"]}
