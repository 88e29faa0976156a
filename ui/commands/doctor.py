"""`wenju doctor`: what is installed, what is seen, what is missing and how to get it."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from index.errors import IndexingError
from ui.commands import common
from ui.messages import pick, say

HELP = pick(
    "检查安装：装了什么、缺什么、怎么补", "what is installed, what is missing, how to get it"
)
EXAMPLES = """\
  wenju doctor
  wenju doctor --settings        # 列出每一项设置 / every setting"""

# (package, what it is for); without these something named does not work.
_NEEDED = (
    ("faiss-cpu", ("向量检索", "dense search")),
    ("onnxruntime", ("读句子的模型", "the reading model")),
    ("jieba", ("中文分词", "segmentation")),
    ("opencc-python-reimplemented", ("繁简转换", "traditional to simplified")),
    ("pypdfium2", ("PDF", "PDF")),
    ("python-docx", ("DOCX", "DOCX")),
    ("python-pptx", ("PPTX", "PPTX")),
    ("openpyxl", ("XLSX", "XLSX")),
    ("lxml", ("网页", "web pages")),
    ("sentence-transformers", ("更大的向量模型", "larger embedding models")),
    ("torch", ("更大的向量模型", "larger embedding models")),
    ("langchain-openai", ("接入大模型", "LLMs")),
    ("tiktoken", ("计算词元", "token budgets")),
    ("gradio", ("聊天页", "the chat page")),
)
# Presence only: a key is never read further, never printed.
_KEYS = (
    "WENJU_LLM_API_KEY", "OPENAI_API_KEY", "DEEPSEEK_API_KEY", "DASHSCOPE_API_KEY",
    "MOONSHOT_API_KEY",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--settings",
        action="store_true",
        help=pick("列出每一项设置", "list every setting"),
    )
    common.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    from ui.settings import STAGES

    settings = common.settings(args, STAGES)
    if args.settings:
        for given in settings.all():
            _line(given.key, f"{given.value}  ← {given.origin}")
        return 0
    missing = [*_packages(), *_model(settings.stage("embedding"))]
    _title("大模型密钥（可选）", "Keys of LLMs (optional)")
    for name in _KEYS:
        _line(name, say("set" if os.environ.get(name) else "unset"))
    _language_model(settings.stage("llm"))
    _places()
    _title("设置", "Settings")
    if not settings.given:
        print(f"  {say('none_given')}")
    for given in settings.given:
        _line(given.key, f"{given.value}  ← {given.origin}")
    if missing:
        _title("缺少", "Missing")
        for line in missing:
            print(f"  {line}")
    return 1 if missing else 0


def _packages() -> list[str]:
    """Prints what is there; returns a line for each that is not."""
    _title("软件", "Software")
    _line("wenju", _version_of("wenju") or say("missing_part"))
    _line("Python", f"{platform.python_version()}  ({sys.executable})")
    missing = []
    for name, purpose in _NEEDED:
        found = _version_of(name)
        _line(name, f"{found or say('missing_part')}  ({pick(*purpose)})")
        if found is None:
            missing.append(f"pip install {name}")
    return missing


def _version_of(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _model(settings: object) -> list[str]:
    from index.embedding import EmbeddingSettings, load_embedder

    assert isinstance(settings, EmbeddingSettings)
    _title("向量模型", "Embedding model")
    try:
        embedder = load_embedder(settings)
    except IndexingError as error:
        _line(settings.model, say("missing_part"))
        return [str(error)]
    _line(settings.model, f"{embedder.model_id}, {embedder.dim} dims")
    return []


def _language_model(settings: object) -> None:
    """Asks it for one word where one is set. A model that fails is reported, not missing."""
    from rag.llm_settings import LlmSettings

    assert isinstance(settings, LlmSettings)
    _title("语言模型（可选）", "Language model (optional)")
    if not settings.base_url:
        _line("llm", say("llm_unset"))
        return
    from rag.generation import test_connection

    _line("llm", test_connection(settings))


def _places() -> None:
    from index.places import home, list_libraries
    from ui.settings import find_file

    folder = home()
    _title("位置", "Places")
    _line(
        "WENJU_HOME",
        f"{folder}{'' if _is_writable(folder) else pick('（不可写）', ' (read-only)')}",
    )
    file = find_file(os.environ, Path.cwd())
    _line("wenju.toml", str(file) if file else pick("没有", "none"))
    libraries = list_libraries()
    names = ", ".join(path.name for path in libraries)
    _line(pick("资料库", "libraries"), names or pick("没有", "none"))
    for path in libraries:
        _calibration(path)


def _calibration(library: Path) -> None:
    """Says where silence is a library's own, or would be."""
    from index.calibration import read_calibration
    from rag.calibration import parse
    from rag.errors import BadCalibration
    from ui.calibrating import calibration_line

    try:
        found = parse(read_calibration(library))
    except (BadCalibration, OSError) as error:
        _line(library.name, str(error))
    else:
        if found is not None:
            _line(library.name, calibration_line(found))


def _is_writable(folder: Path) -> bool:
    """Whether the folder, or the nearest one above it that is there, can be written to."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


def _title(chinese: str, english: str) -> None:
    print(pick(chinese, english))


def _line(name: str, value: str) -> None:
    print(f"  {name}{say('colon')}{value}")
