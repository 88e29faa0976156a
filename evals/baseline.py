"""A baseline: what the answers were when somebody last said that they are good enough.

A JSON file for git, one question a line, so that a change of it can be read. It holds no more than
the gate needs: per question the verdict, the answer's beginning and the guarded metrics; short
hashes of the question set and of every document; what the run was made with; who said why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.case import Case
from evals.errors import BadBaseline
from evals.outcomes import GUARDS, METRICS_VERSION, Outcome, outcomes

BASELINE_VERSION = 1
HASH_CHARS = 12
_KEPT = 10  # reasons, newest first


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run was made with. Hashes are short: they tell apart, they protect nothing."""

    questions: str
    documents: Mapping[str, str]  # id → hash of its bytes
    library: str
    settings: Mapping[str, Any]  # flat: "retrieval.dense" → 200; the hashes of model and code too
    metrics: Mapping[str, Any] = field(
        default_factory=lambda: {"version": METRICS_VERSION, "guards": list(GUARDS)}
    )


@dataclass(frozen=True, slots=True)
class Baseline:
    setup: Setup
    outcomes: tuple[Outcome, ...]
    accepted: tuple[Mapping[str, str], ...] = ()  # {"on", "reason"}, newest first
    asked: Mapping[str, str] = field(
        default_factory=dict
    )  # "questions", "index": as they were given

    def write(self, path: Path) -> None:
        head = {
            "wenju_baseline": BASELINE_VERSION,
            "accepted": list(self.accepted),
            "asked": dict(self.asked),
            "questions": self.setup.questions,
            "library": self.setup.library,
            "metrics": dict(self.setup.metrics),
            "settings": dict(self.setup.settings),
            "documents": dict(sorted(self.setup.documents.items())),
        }
        text = json.dumps(head, ensure_ascii=False, indent=1)
        lines = ",\n".join(
            "  " + json.dumps(o.to_record(), ensure_ascii=False) for o in self.outcomes
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'{text[:-2]},\n "outcomes": [\n{lines}\n ]\n}}\n', encoding="utf-8", newline="\n"
        )


def make_baseline(
    cases: Sequence[Case],
    setup: Setup,
    reason: str,
    day: str,
    *,
    before: Baseline | None = None,
    asked: Mapping[str, str] | None = None,
) -> Baseline:
    """The run as a baseline; the reasons of the one before are kept, ten in all."""
    past = before.accepted if before else ()
    return Baseline(
        setup=setup,
        outcomes=outcomes(cases),
        accepted=({"on": day, "reason": reason}, *past)[:_KEPT],
        asked=asked or (before.asked if before else {}),
    )


def read_baseline(path: Path) -> Baseline:
    """Raises BadBaseline for a file that is not there, broken or of another version."""
    if not path.is_file():
        raise BadBaseline(
            f"{path} is not there: wenju eval accept --baseline {path} --reason TEXT makes it"
        )
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        version = record["wenju_baseline"]
        if version != BASELINE_VERSION:
            raise BadBaseline(
                f"{path} is a baseline of version {version}, this version reads "
                f"{BASELINE_VERSION}: renew it with wenju eval accept"
            )
        return Baseline(
            setup=Setup(
                questions=str(record["questions"]),
                documents=dict(record["documents"]),
                library=str(record["library"]),
                settings=dict(record["settings"]),
                metrics=dict(record["metrics"]),
            ),
            outcomes=tuple(Outcome.from_record(r) for r in record["outcomes"]),
            accepted=tuple(dict(a) for a in record["accepted"]),
            asked=dict(record["asked"]),
        )
    except BadBaseline as error:
        raise BadBaseline(f"{path}: {error}") from None
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise BadBaseline(
            f"{path} is no baseline ({type(error).__name__}: {error}): take it from git again, or "
            "renew it with wenju eval accept"
        ) from error


def short(digest: str) -> str:
    """ "sha256:0123…" or bare digits → the first twelve digits."""
    return digest.removeprefix("sha256:")[:HASH_CHARS]


def flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested settings as one level with dotted names; hashes shortened."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{above}{key}.")
        elif isinstance(value, str) and value.startswith("sha256:"):
            found[above + key] = short(value)
        else:
            found[above + key] = value
    return found
