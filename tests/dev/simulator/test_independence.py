"""The simulator can be taken out of this repository."""

import ast
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "dev" / "simulator"
OURS = ("dev", "shared", "tests", "function_app")


def imports(file: Path) -> set[str]:
    """The modules that a file imports, wherever it does."""
    nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return plain | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def test_it_imports_nothing_else_of_ours() -> None:
    """Only the command imports from the app: the function that counts segments."""
    files = list(FOLDER.rglob("*.py"))
    assert len(files) > 40
    others = {
        (file.relative_to(FOLDER).as_posix(), module)
        for file in files
        for module in imports(file)
        if module.split(".")[0] in OURS and not f"{module}.".startswith("dev.simulator.")
    }
    assert {file for file, _ in others} == {"__main__.py"}
    assert [module.rpartition(".")[2] for _, module in others] == ["segments"]
