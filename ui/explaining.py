"""How an answer was found: what was looked for, by which arms, and what made each score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from rag.ranking import REREAD
from ui.feature_labels import feature_label, kind_label
from ui.messages import say
from ui.rendering import printable

if TYPE_CHECKING:
    from rag.retrieval import Retrieval
    from rag.schema import RankedSentence
    from rag.terms import Concept

_PARTS = 6  # of a score, shown in text; JSON has all
_SENTENCES = 5
_EXPANSIONS = 8
# Where another word came from: a file of the thesaurus, or one of these.
_ORIGINS = ("spelling", "sound", "aliases", "user")


class Found(Protocol):
    """An answer's explanation or a search."""

    @property
    def retrieval(self) -> Retrieval: ...

    @property
    def sentences(self) -> Sequence[RankedSentence]: ...


def explanation(found: Found) -> dict[str, Any]:
    """For JSON: everything that `render_explanation` shows, and all parts of every score."""
    retrieval = found.retrieval
    return {
        "question": {
            "key": retrieval.question.key,
            "content": " ".join(retrieval.question.content.split()),
            "asks_for": retrieval.asked.kind,
            "unit": retrieval.asked.unit,
            "hints": {"kinds": list(retrieval.hints.kinds), "year": retrieval.hints.year},
        },
        "terms": [_term(concept) for concept in retrieval.concepts],
        "chunks": [
            {"chunk_id": s.chunk.chunk_id, "fused_rank": n, "fused_score": round(s.score, 6)}
            | {f"{arm}_rank": rank for arm, rank in retrieval.ranks[s.chunk.chunk_id].items()}
            for n, s in enumerate(retrieval.chunks, start=1)
        ],
        "sentences": [
            {
                "doc_id": s.doc_id,
                "text": s.text,
                "score": s.score,
                "parts": dict(s.contributions),
                "features": {name: round(value, 4) for name, value in s.features.items()},
            }
            for s in found.sentences
        ],
    }


def _term(concept: Concept) -> dict[str, Any]:
    return {
        "term": concept.term,
        "start": concept.start,
        "end": concept.end,
        "rarity": round(concept.rarity, 3),
        "also": [
            {"term": a.term, "weight": round(a.weight, 3), "from": a.origin}
            for a in concept.alternatives[1:]
        ],
    }


def render_explanation(found: Found, *, lang: str) -> str:
    """Lines for a terminal, in the question's language; ends without a line end."""
    return "\n".join(
        [
            say("explain_terms", lang),
            *_term_lines(found.retrieval, lang),
            say("explain_sentences", lang),
            *_sentence_lines(found, lang),
        ]
    )


def _term_lines(retrieval: Retrieval, lang: str) -> Iterator[str]:
    if not retrieval.concepts:
        yield f"  {say('explain_nothing', lang)}"
    for concept in retrieval.concepts:
        line = f"  {printable(concept.term)} ({concept.rarity:.2f})"
        others = concept.alternatives[1:]
        heard = [a for a in others if a.origin == "sound"]
        named = [a for a in others if a.origin != "sound"]
        if heard:
            line += say("explain_heard", lang, names=_names(heard))
        if named:
            shown = "、" if lang == "zh" else ", "
            line += " → " + shown.join(
                f"{printable(a.term)} {a.weight:.2f} [{_origin(a.origin, lang)}]"
                for a in named[:_EXPANSIONS]
            )
        yield line
    asked = kind_label(retrieval.asked.kind, lang)
    if retrieval.asked.unit:
        asked += say("explain_unit", lang, unit=retrieval.asked.unit)
    yield f"  {say('explain_asks', lang, kind=asked)}"
    if retrieval.hints:
        meant = [*retrieval.hints.kinds, *([retrieval.hints.year] if retrieval.hints.year else [])]
        yield f"  {say('explain_hints', lang, hints=', '.join(meant))}"


def _names(alternatives: Sequence[Any]) -> str:
    return "/".join(printable(a.term) for a in alternatives)


def _origin(origin: str, lang: str) -> str:
    return say(f"origin_{origin}", lang) if origin in _ORIGINS else f"{origin}.txt"


def _sentence_lines(found: Found, lang: str) -> Iterator[str]:
    retrieval = found.retrieval
    places = {s.chunk.chunk_id: n for n, s in enumerate(retrieval.chunks, start=1)}
    for number, sentence in enumerate(found.sentences[:_SENTENCES], start=1):
        yield f"  {number}. {sentence.score:.2f}  {printable(sentence.doc_id)}"
        yield f"     {printable(sentence.text)}"
        chunk_id = next(
            (
                s.chunk.chunk_id
                for s in retrieval.chunks
                if s.chunk.doc_id == sentence.doc_id
                and s.chunk.first_sentence <= sentence.position < s.chunk.last_sentence
            ),
            None,
        )
        if chunk_id is not None:
            yield f"     {ranks_line(retrieval.ranks[chunk_id], places[chunk_id], lang)}"
        parts = list(sentence.contributions.items())
        # A second reading is told however little it changed: it is no feature among others.
        parts = [*parts[:_PARTS], *(part for part in parts[_PARTS:] if part[0] == REREAD)]
        yield "     " + "  ".join(f"{value:+.2f} {feature_label(n, lang)}" for n, value in parts)


def ranks_line(ranks: Mapping[str, int], fused: int, lang: str) -> str:
    """Where the passage stood in each arm and after their fusion."""
    missing = say("explain_unranked", lang)
    return say(
        "explain_ranks",
        lang,
        lexical=ranks.get("lexical", missing),
        dense=ranks.get("dense", missing),
        fused=fused,
    )
