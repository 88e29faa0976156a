"""What is shipped, what it needs, and which way imports point."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ui", "evals", "rag", "index")  # each may use what stands to its right
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# Slow to import, or not needed for a question: inside functions only.
HEAVY = {
    "bs4", "charset_normalizer", "docx", "faiss", "fastapi", "gradio", "httpx2", "ir_measures",
    "jieba", "langchain", "langchain_core", "langchain_openai", "langsmith", "lxml", "model2vec",
    "onnxruntime", "openai", "opencc", "openpyxl", "pptx", "pypdfium2", "rapidocr", "rich",
    "safetensors", "scipy", "sentence_transformers", "sklearn", "starlette", "tantivy", "tiktoken",
    "tokenizers", "torch", "uvicorn",
}  # fmt: skip
# What a dependency stands on itself, and will not come without.
BROUGHT = {
    "gradio": {"fastapi", "h11", "pydantic", "starlette", "uvicorn"},
    "langchain": {"langchain-core", "langsmith", "pydantic"},
    "langchain-openai": {"httpx2", "openai"},
    "sentence-transformers": {"huggingface-hub", "safetensors", "tokenizers"},
}
# Classes of langchain_core must be subclassed where they are defined, and the server's routes are
# declared with FastAPI's: nothing imports these at import time but they themselves.
PLUGINS = (ROOT / "ui" / "pytest_plugin.py",)
FRAMED = (ROOT / "rag" / "langchain.py", *(ROOT / "ui" / "server").glob("*.py"))


def modules() -> list[Path]:
    """Our modules; scripts that train the shipped model are not shipped."""
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if not path.name.startswith("train") and "data" not in path.parts
    ]


def imports(path: Path, *, at_import_time: bool = False) -> Iterator[str]:
    """Dotted names that a module imports; `at_import_time` leaves out what functions import."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
        lazily = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        )
        if not (at_import_time and lazily):
            todo.extend(ast.iter_child_nodes(node))


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_imports_point_one_way() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules()
        for name in imports(path)
        if name.split(".")[0] in PACKAGES
        and PACKAGES.index(name.split(".")[0]) < PACKAGES.index(path.relative_to(ROOT).parts[0])
    ]
    assert wrong == []


def test_heavy_packages_are_imported_inside_functions() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules()
        if path not in FRAMED
        for name in imports(path, at_import_time=True)
        if name.split(".")[0] in HEAVY
    ]
    assert wrong == []


def test_everything_imported_is_declared() -> None:
    declared = {
        canonical(re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0])
        for line in PROJECT["project"]["dependencies"]
    }
    for name in BROUGHT.keys() & declared:
        declared |= BROUGHT[name]
    providers = packages_distributions()
    missing = set()
    for path in modules():
        for name in imports(path):
            top = name.split(".")[0]
            if top in PACKAGES or top in sys.stdlib_module_names:
                continue
            if path in PLUGINS and top == "pytest":  # which loads it, and nothing else does
                continue
            if not declared & {canonical(d) for d in providers.get(top, [top])}:
                missing.add(f"{path.relative_to(ROOT)} imports {top}")
    optional = {line for line in missing if line.rsplit(" ", 1)[1] in _optional_imports(providers)}
    assert sorted(missing - optional) == []


def _optional_imports(providers: dict[str, list[str]]) -> set[str]:
    """What the extras bring, development tools apart."""
    extras = PROJECT["project"]["optional-dependencies"]
    names = {
        canonical(re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0])
        for extra, lines in extras.items()
        if extra != "dev"
        for line in lines
    }
    found = {top for top, dists in providers.items() if names & set(map(canonical, dists))}
    return found | {name for name in names if name not in providers}  # not installed here


def test_four_packages_by_their_exact_names() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert sorted(wheel["packages"]) == sorted(PACKAGES)
    assert PROJECT["project"]["scripts"] == {"wenju": "ui.cli:main"}
    assert all((ROOT / package / "__init__.py").is_file() for package in PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_provides_our_package_names(package: str) -> None:
    # An editable installation lists no packages; a wheel lists exactly its own.
    assert set(packages_distributions().get(package, ["wenju"])) == {"wenju"}


def test_every_dependency_is_pinned_exactly_and_without_a_local_suffix() -> None:
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    pins = dict(line.split("==") for line in lines)
    assert all(re.fullmatch(r"[\w.-]+", pin) for pin in pins.values())
    assert len({canonical(name) for name in pins}) == len(lines)
    wanted = [line.split(";")[0] for line in requires("wenju") or []]
    wanted += PROJECT["project"]["dependencies"]
    names = {canonical(re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0]) for line in wanted}
    optional = PROJECT["project"]["optional-dependencies"]
    for extra in set(optional) - {"dev"}:
        names -= {
            canonical(re.split(r"[\s<>=!~\[]", one, maxsplit=1)[0]) for one in optional[extra]
        }
    assert names - {canonical(name) for name in pins} == set()


def test_version_is_told_by_the_command() -> None:
    out = subprocess.run(
        [sys.executable, "-m", "ui.cli", "--version"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout
    assert out.strip() == f"wenju {version('wenju')}"


@pytest.mark.parametrize("package", ["rag.answering", "index.store", "index.ingesting", "ui.cli"])
def test_our_main_modules_load_nothing_heavy(package: str) -> None:
    code = f"import sys, {package}; print(sorted({HEAVY!r} & set(sys.modules)))"
    out = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).stdout
    assert out.strip() == "[]"


@pytest.mark.parametrize("script", [".ci/run", ".ci/chromium"])
def test_scripts_can_be_run(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert (ROOT / script).read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")


def test_make_knows_every_target_that_the_documents_name() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test", "test-browser", "check", "chat", "bench"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_doctor_asks_for_nothing_that_is_not_installed_with_wenju() -> None:
    from ui.commands.doctor import _NEEDED

    declared = {
        re.split(r"[<>=!~ \[;]", line)[0].lower() for line in PROJECT["project"]["dependencies"]
    }
    assert {package for package, _ in _NEEDED} <= declared
