"""The house rules that a program can see: who may import whom, and how long things may get."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("core", "training", "pages")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
FORBIDDEN = {"core": {"training", "pages", "streamlit"}, "training": {"pages", "streamlit"}, "pages": {"training"}}
ONLY_IN = {"chromadb": "core/index.py", "open_clip": "core/clip_model.py", "umap": "core/projection.py"}
ONLY_IN |= {"pytorch_metric_learning": "core/metric_loss.py"}
CONSOLE = {"core/__main__.py", "core/care_commands.py", "core/console.py", "core/flow_commands.py", "core/terminal.py"}
CONSOLE |= {"core/label_command.py", "core/map_commands.py", "core/search_commands.py"}
SKLEARN = {"core/class_head.py", "core/folds.py", "core/separation.py"}
TOP_LEVEL = {"streamlit_app.py", "pages", "core", "training", "data", "tests", "requirements.txt", "README.md"}
TOP_LEVEL |= {"pyproject.toml", "LICENSE"}
SQL = {"core/catalog.py", "core/schema.py", "core/selection.py", "core/split_table.py", "core/vectors.py"}
SQL |= {"core/label_table.py"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_go_the_right_way(path: Path) -> None:
    roots = set(imported(ast.parse(path.read_text(encoding="utf-8"))))
    assert not roots & FORBIDDEN[name(path).split("/")[0]]
    assert not {library for library, home in ONLY_IN.items() if library in roots and home != name(path)}
    assert "sklearn" not in roots or name(path) in SKLEARN or name(path).startswith("training/")
    assert "sqlalchemy" not in roots or name(path) in SQL


@pytest.mark.parametrize("path", [p for p in MODULES if name(p).startswith("core/")], ids=name)
def test_core_neither_prints_nor_asserts_nor_parses_arguments(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    if name(path) in CONSOLE:
        return
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not calls & {"print", "sys.exit", "exit"}
    assert not set(imported(tree)) & {"typer", "argparse", "rich"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_and_functions_stay_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 280
    functions = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    assert not {f.name: n for f in functions if (n := (f.end_lineno or 0) - f.lineno + 1) > 60}


def test_nothing_else_stands_at_the_top() -> None:
    visible = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - {"__pycache__"}
    assert visible <= TOP_LEVEL
