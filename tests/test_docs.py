"""Examples of the documents, run as they stand."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from index.ingesting import IndexSettings, index_sources

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def blocks(name: str, language: str) -> list[str]:
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_every_block_of_python_md_runs_one_after_the_other(tmp_path: Path) -> None:
    code = blocks("python.md", "python")
    assert len(code) >= 8
    script = tmp_path / "example.py"
    script.write_text("\n\n".join(code), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::SyntaxWarning", str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "8600人" in done.stdout


def curl(line: str, base: str, folder: Path) -> httpx.Request:
    """The request that a curl command of the documents makes."""
    words = shlex.split(line.replace("\\\n", " ").replace("$WENJU", base))
    assert words.pop(0) == "curl"
    url, method, headers, data = "", "GET", {}, None
    files: list[tuple[str, Any]] = []
    form: dict[str, str] = {}
    while words:
        word = words.pop(0)
        if word == "-H":
            name, value = words.pop(0).split(": ", 1)
            headers[name] = value
        elif word == "-d":
            method, data = "POST", words.pop(0)
        elif word == "-X":
            method = words.pop(0)
        elif word == "-F":
            method = "POST"
            name, value = words.pop(0).split("=", 1)
            if value.startswith("@"):
                files.append((name, (value[1:], (folder / value[1:]).read_bytes())))
            else:
                form[name] = value
        elif not word.startswith("-s"):
            url = word
    content = {"content": data} if data is not None else {}
    uploads = {"files": files, "data": form} if files else {}
    return httpx.Request(method, url, headers=headers, **content, **uploads)


def test_every_curl_of_api_md_works(
    serve: Callable[..., Any],
    wenju_home: Path,
    tiny_settings: IndexSettings,
    tmp_path: Path,
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "锂.txt").write_bytes("2025年全国碳酸锂产量为96万吨。\n".encode())
    index_sources(wenju_home / "libraries" / "default", [docs], tiny_settings)
    server = serve()
    (tmp_path / "锂.txt").write_bytes(
        "2025年全国碳酸锂产量为96万吨。\n产量同比增长三成。\n".encode()
    )
    table = "编号,问题,部门\r\n甲,2025年碳酸锂产量是多少？,销售\r\n"
    (tmp_path / "问题.csv").write_bytes(table.encode("gbk"))
    commands = [
        command.strip()
        for block in blocks("api.md", "sh")
        for command in re.split(r"\n(?=curl)", block)
    ]
    assert len(commands) >= 7
    for command in commands:
        base = str(server.base_url).rstrip("/")
        answer = server.send(curl(command, base, tmp_path))
        assert answer.status_code in (200, 202), f"{command}: {answer.text}"
        assert "96万吨" in answer.text or "锂.txt" in answer.text or answer.json()["id"], command


def test_the_documented_routes_are_those_that_there_are() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    for path in json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))["paths"]:
        assert re.sub(r"\{\w+\}", "{", path).split("{")[0].rstrip("/") in text, path


def test_the_exported_openapi_document_is_the_servers(shared_server: httpx.Client) -> None:
    exported = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))
    assert shared_server.get("/openapi.json").json() == exported, "run: make docs"


def test_every_setting_of_the_server_is_documented() -> None:
    from dataclasses import fields

    from ui.server.settings import ServeSettings

    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    for field in fields(ServeSettings):
        assert re.search(rf"\b{field.name}\b", text), field.name
        if field.type in ("int", "float") and field.default:
            row = next(line for line in text.splitlines() if f"`{field.name}`" in line)
            assert re.search(rf"(?<![\w.]){field.default:g}\b", row), field.name


@pytest.mark.parametrize("name", ["compose.yaml"])
def test_compose_file_is_sound_and_open_to_this_machine_alone(name: str) -> None:
    yaml = pytest.importorskip("yaml")
    service = yaml.safe_load((ROOT / "deploy" / name).read_text(encoding="utf-8"))["services"][
        "wenju"
    ]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["read_only"] is True
    assert (ROOT / service["build"]["dockerfile"]).is_file()


def test_dockerfile_copies_what_is_there_and_runs_what_wenju_knows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from ui.cli import build_parser

    lines = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source
    commands = [line for line in lines if line.startswith("CMD ")]
    arguments = json.loads(commands[-1].removeprefix("CMD "))
    assert build_parser(("serve",)).parse_args(arguments).host == "0.0.0.0"
    assert any(line.startswith("USER ") and "root" not in line for line in lines)


def test_unit_file_starts_what_wenju_knows() -> None:
    import configparser

    from ui.cli import build_parser

    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "deploy" / "wenju.service", encoding="utf-8")
    started = shlex.split(unit["Service"]["ExecStart"])
    assert started[0].endswith("/wenju")
    assert build_parser(("serve",)).parse_args(started[1:]).host == "127.0.0.1"
    assert unit["Service"]["DynamicUser"] == "yes"
