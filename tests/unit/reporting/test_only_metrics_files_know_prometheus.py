"""prometheus_client stays in the files named for metrics: the hot path must not come to use it."""

import ast
from pathlib import Path

import moorage_gateway

PACKAGE = Path(moorage_gateway.__file__).parent


def imports_prometheus(path: Path) -> bool:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    named = [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
    sources = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return any(module.split(".")[0] == "prometheus_client" for module in [*named, *sources])


def test_exactly_the_metrics_files_import_it() -> None:
    importing = {path for path in PACKAGE.rglob("*.py") if imports_prometheus(path)}
    assert importing == set((PACKAGE / "reporting").glob("*_metrics.py"))
