from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

import pytest

from rag.errors import SettingsError
from ui.settings import STAGES, Given, find_file, load_settings, stage_class


class Level(StrEnum):
    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class ReadStage:
    max_mb: int = 200
    encodings: tuple[str, ...] = ("utf-8",)


@dataclass(frozen=True, slots=True)
class MakeStage:
    max_chars: int = 400
    ratio: float = 0.5
    quiet: bool = False
    device: str | None = "cpu"
    level: Level = Level.LOW
    kind: Literal["flat", "ivf"] = "flat"
    folder: Path = Path()
    names: Sequence[str] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    read: ReadStage = ReadStage()

    def __post_init__(self) -> None:
        if self.max_chars < 1:
            raise ValueError(f"max_chars is {self.max_chars}, must be at least 1")


TWO = {"make": (__name__, "MakeStage"), "read": (__name__, "ReadStage")}


def toml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "wenju.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_given_is_the_defaults_and_nothing_is_reported() -> None:
    settings = load_settings(["make"], stages=TWO)
    assert settings.stage("make") == MakeStage()
    assert settings.given == ()


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    file = toml(tmp_path, "[make]\nmax_chars = 1\nratio = 0.1\nquiet = true\n")
    settings = load_settings(
        ["make"],
        flags=["make.max_chars=3"],
        environ={"WENJU_MAKE_MAX_CHARS": "2", "WENJU_MAKE_RATIO": "0.2", "PATH": "/bin"},
        file=file,
        stages=TWO,
    )
    made = settings.stage("make")
    assert (made.max_chars, made.ratio, made.quiet, made.kind) == (3, 0.2, True, "flat")
    assert settings.given == (
        Given("make.max_chars", 3, "--set"),
        Given("make.quiet", True, str(file)),
        Given("make.ratio", 0.2, "WENJU_MAKE_RATIO"),
    )


def test_a_stage_inside_another_is_a_table_of_its_own(tmp_path: Path) -> None:
    file = toml(tmp_path, '[read]\nmax_mb = 5\nencodings = ["gb18030", "utf-8"]\n')
    settings = load_settings(["make"], file=file, stages=TWO)
    assert settings.stage("make").read == ReadStage(5, ("gb18030", "utf-8"))
    assert settings.stage("read") is settings.stage("make").read


@pytest.mark.parametrize(
    ("flag", "name", "value"),
    [
        ("make.quiet=yes", "quiet", True),
        ("make.quiet=0", "quiet", False),
        ("make.device=none", "device", None),
        ("make.device=cuda", "device", "cuda"),
        ("make.level=high", "level", Level.HIGH),
        ("make.kind=ivf", "kind", "ivf"),
        ("make.names=a, b", "names", ("a", "b")),
        ("make.names=", "names", ()),
        ("make.folder=/x/y", "folder", Path("/x/y")),
        ("make.ratio=1e-3", "ratio", 0.001),
    ],
)
def test_texts_become_the_types_of_the_fields(flag: str, name: str, value: object) -> None:
    assert getattr(load_settings(["make"], flags=[flag], stages=TWO).stage("make"), name) == value


def test_every_setting_can_be_listed_with_its_origin() -> None:
    listed = load_settings(["make"], flags=["read.max_mb=3"], stages=TWO).all()
    assert Given("make.max_chars", 400, "default") in listed
    assert Given("read.max_mb", 3, "--set") in listed
    assert len(listed) == 11


def test_a_table_can_only_be_given_in_the_file(tmp_path: Path) -> None:
    file = toml(tmp_path, "[make.weights]\nwords = 1.5\n")
    assert load_settings(["make"], file=file, stages=TWO).stage("make").weights == {"words": 1.5}
    with pytest.raises(SettingsError, match=r"make\.weights \(--set\): .*wenju\.toml"):
        load_settings(["make"], flags=["make.weights=1"], stages=TWO)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"flags": ["make.max_char=1"]}, "did you mean make.max_chars?"),
        ({"flags": ["maek.max_chars=1"]}, "did you mean make.max_chars?"),
        ({"flags": ["make.max_chars"]}, "--set KEY=VALUE"),
        ({"flags": ["make.max_chars=many"]}, "make.max_chars (--set): 'many' is not a whole"),
        ({"flags": ["make.kind=tree"]}, "'tree' is none of flat, ivf"),
        ({"flags": ["make.level=mid"]}, "'mid' is none of low, high"),
        ({"flags": ["make.quiet=perhaps"]}, "neither true nor false"),
        ({"flags": ["make.read=1"]}, "unknown setting 'make.read'"),
        ({"flags": ["make.max_chars=0"]}, "max_chars is 0, must be at least 1 (from --set)"),
        ({"environ": {"WENJU_MAKE_RATOI": "1"}}, "did you mean WENJU_MAKE_RATIO?"),
        ({"environ": {"WENJU_HOEM": "/x"}}, "did you mean WENJU_HOME?"),
    ],
)
def test_what_is_wrong_is_refused_with_the_way_out(
    arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)) as caught:
        load_settings(["make"], stages=TWO, **arguments)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[make]\nmax_charz = 1\n", "did you mean make.max_chars?"),
        ("[mkae]\nmax_chars = 1\n", "unknown table [mkae]; did you mean make?"),
        ('[make]\nmax_chars = "x"\n', "is not a whole number"),
        ("[make]\nmax_chars = 1.5\n", "1.5 is not a whole number"),
        ("[make]\nmax_chars = true\n", "True is not a number"),
        ("[make]\ndevice = 3\n", "3 is not a text"),
        ("max_chars = 1\n", "unknown table [max_chars]"),
        ("[make\n", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    file = toml(tmp_path, text)
    with pytest.raises(SettingsError, match=re.escape(message)) as caught:
        load_settings(["make"], file=file, stages=TWO)
    assert str(file) in str(caught.value)


def test_keys_of_a_stage_that_is_not_asked_for_are_left_alone(tmp_path: Path) -> None:
    file = toml(tmp_path, "[make]\nwhatever = 1\n[read]\nmax_mb = 7\n")
    settings = load_settings(["read"], file=file, stages=TWO)
    assert settings.stage("read").max_mb == 7


def test_file_is_the_named_one_or_that_of_the_folder(tmp_path: Path) -> None:
    assert find_file({}, tmp_path) is None
    here = toml(tmp_path, "")
    assert find_file({}, tmp_path) == here
    other = tmp_path / "other.toml"
    other.write_text("")
    assert find_file({"WENJU_CONFIG": str(other)}, tmp_path) == other
    with pytest.raises(SettingsError, match="WENJU_CONFIG"):
        find_file({"WENJU_CONFIG": str(tmp_path / "none.toml")}, tmp_path)


@pytest.mark.parametrize("name", sorted(STAGES))
def test_every_stage_has_settings_that_load_by_default(name: str) -> None:
    assert load_settings([name]).stage(name) == stage_class(name)()
