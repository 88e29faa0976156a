"""A question → concepts → chunks of both arms, fused → passages, and sentences to be ranked."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from index.hits import Ranking
from index.lexical import WeightedTerm
from index.schema import Block, BlockKind, Chunk, Document, ScoredChunk, Sentence
from index.segmenting import key
from index.thesaurus import Layer, shipped
from rag import background
from rag.asking import Asked, asked_of
from rag.features import Candidate, Matrix, measure
from rag.fusion import Fused, fuse, with_more, with_sides
from rag.hints import Hints, hints_of
from rag.normalising import NormalisedQuestion
from rag.parts import sides_of
from rag.romanised import with_chinese_names
from rag.schema import Passage
from rag.settings import RetrievalSettings
from rag.terms import (
    Concept,
    NamesOf,
    concepts_of,
    content_grams,
    most_weight,
    weighted_terms,
)
from rag.translating import in_other_language, with_translations
from rag.variants import Heard, Joined

if TYPE_CHECKING:
    from index.embedding import Vectors
    from index.store import Library

_CAPTION = re.compile(
    r"\s*(?:[续附]?表|Table|TABLE)\s*[\d一二三四五六七八九十]|.*[：:]\s*$", re.DOTALL
)
_LONGEST_CAPTION = 80  # characters
_MARKERS = re.compile(r"(?:\^?\[[^\]\s]{1,24}\]|[①-⑳]|\s)*")  # of notes
# An enumeration's own way to its values is slow, and a question asks for hundreds.
KIND_NAMES = {kind: kind.value for kind in BlockKind}
# How far below the best chunk others are still looked at, and how many are in any case. A chunk
# that says all that is asked, and is alike in its vector, has nearly 2.
MARGIN = 0.5
LEAST = 32
# Of the vector of a question's words in the other language, beside the question's own.
OTHER_WEIGHT = 0.6
OTHER_CHUNKS = 24  # found so, beside those that are found without
HINT_LIFT = 0.5  # how much more a chunk counts whose document is the one that is meant


class Found(NamedTuple):
    """A sentence that may be ranked, and the words it is matched by."""

    document: Document
    position: int  # in the document's sentences
    sentence: Sentence
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What was found for a question. `features` has a row for each of `sentences`."""

    question: NormalisedQuestion
    asked: Asked
    concepts: tuple[Concept, ...]
    passages: tuple[Passage, ...]  # the best `settings.passages`, best first
    sentences: tuple[Found, ...]  # by document and position
    features: Matrix
    chunks: tuple[ScoredChunk, ...] = ()  # whose sentences are ranked, best first
    ranks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # chunk → arm → from 1
    hints: Hints = field(default_factory=Hints)
    sides: tuple[tuple[Concept, ...], ...] = ()  # of what is compared, what each is looked for by


def retrieve(
    library: Library,
    question: NormalisedQuestion,
    settings: RetrievalSettings,
    *,
    doc_ids: Collection[str] | None = None,
) -> Retrieval:
    """Nothing found gives no passages and no sentences. `doc_ids` limits where is looked."""
    table = background.shipped()
    layers = _layers(library, question) if settings.thesaurus else []
    own = concepts_of(question, layers, table)
    concepts = with_translations(own, question, library) if settings.thesaurus else own
    asked = asked_of(question.key)
    hints = hints_of(question.key)
    question_grams = content_grams(question, table)
    terms = weighted_terms(own, table, question_grams)
    vector = _vector_of(library, question, settings)
    arms = _arms(library, vector, terms, settings, doc_ids)
    most = most_weight(own, terms, question_grams)
    limit = settings.candidates * (3 if hints else 1)
    rows = _fused(arms, most, settings, limit, bool(hints))
    if concepts is not own:
        terms = weighted_terms(concepts, table, question_grams)
        other = in_other_language(concepts, question)
        mixed = _mixed(library, vector, other) if vector is not None and other else vector
        beside = _arms(library, mixed, terms, settings, doc_ids)
        most = most_weight(concepts, terms, question_grams)
        rows = with_more(rows, _fused(beside, most, settings, OTHER_CHUNKS))
        limit += OTHER_CHUNKS
    sides = sides_of(question, asked, concepts)
    if sides:
        found = []
        for side in sides:
            terms = weighted_terms(side, table, {})
            beside = arms | {"lexical": library.rank_lexical(terms, settings.lexical, doc_ids)}
            found.append(_fused(beside, most_weight(side, terms, {}), settings, limit))
        rows = with_sides(rows, found, limit)
    fused = [row.scored for row in rows]
    ranks = {
        row.scored.chunk.chunk_id: {arm: n for arm, n in zip(arms, row.ranks, strict=True) if n}
        for row in rows
    }
    if hints:
        fused = _lifted(library, fused, hints)[: settings.candidates]
    found_in = dict.fromkeys(s.chunk.doc_id for s in fused)
    library.read_ahead(found_in)
    documents = {doc_id: library.document(doc_id) for doc_id in found_in}
    dense = list(arms).index("dense")
    similarities = {row.scored.chunk.chunk_id: max(0.0, row.scores[dense]) for row in rows}
    sentences = _sentences(library, fused, documents, similarities, hints)
    candidates = [s.candidate for s in sentences]
    if question.language != "zh":
        concepts = with_chinese_names(concepts, question, candidates, table)
    features = measure(
        candidates,
        concepts,
        question_grams,
        asked,
        question.key,
    )
    passages = tuple(
        passage_of(s, documents[s.chunk.doc_id], ranks) for s in fused[: settings.passages]
    )
    return Retrieval(
        question=question,
        asked=asked,
        concepts=concepts,
        passages=passages,
        sentences=sentences,
        features=features,
        chunks=tuple(fused),
        ranks={s.chunk.chunk_id: ranks[s.chunk.chunk_id] for s in fused},
        hints=hints,
        sides=sides,
    )


def _fused(
    arms: Mapping[str, Ranking],
    most: float,
    settings: RetrievalSettings,
    limit: int,
    hinted: bool = False,
) -> list[Fused]:
    """`most`: what a chunk gets from the lexical arm that says all that is asked."""
    weights = {"lexical": 1.0 / max(most, 1e-6), "dense": settings.dense_weight}
    return fuse(
        list(arms.values()),
        [weights[name] for name in arms],
        limit=limit,
        margin=MARGIN * (1 + HINT_LIFT * hinted),
        least=max(LEAST, settings.passages),
    )


def _lifted(library: Library, fused: Sequence[ScoredChunk], hints: Hints) -> list[ScoredChunk]:
    """Chunks of the documents that are meant move up."""
    library.read_ahead(s.chunk.doc_id for s in fused)
    met = {i: hints.met_by(library.document(i)) for i in {s.chunk.doc_id for s in fused}}
    lifted = [ScoredChunk(s.chunk, s.score * (1 + HINT_LIFT * met[s.chunk.doc_id])) for s in fused]
    return sorted(lifted, key=lambda s: (-s.score, s.chunk.chunk_id))


def _layers(library: Library, question: NormalisedQuestion) -> list[Layer]:
    """What knows other words: the thesaurus, the users' own synonyms, the documents themselves.

    And what words are that none of them knows: names put together otherwise, or misheard.
    """
    layers: list[Layer] = [shipped(), library.synonyms.thesaurus, NamesOf(library)]
    heard = Heard(library, question, shipped(), background.shipped())
    return [*layers, Joined(library, layers[:2]), heard]


def _vector_of(
    library: Library, question: NormalisedQuestion, settings: RetrievalSettings
) -> Vectors | None:
    if question.is_empty or not settings.dense:
        return None
    return library.embedder.embed_query(question.text)


def _arms(
    library: Library,
    vector: Vectors | None,
    terms: Sequence[WeightedTerm],
    settings: RetrievalSettings,
    doc_ids: Collection[str] | None,
) -> dict[str, Ranking]:
    arms = {"lexical": Ranking.of([]), "dense": Ranking.of([])}
    if terms:
        arms["lexical"] = library.rank_lexical(terms, settings.lexical, doc_ids)
    if vector is not None and vector.any():
        arms["dense"] = library.rank_dense(vector, settings.dense, doc_ids)
    return arms


def _mixed(library: Library, own: Vectors, other: str) -> Vectors:
    """A unit vector near the question's own and that of its words in the other language.

    The own one where vectors are no sums of words: a larger model knows both, or costs more.
    """
    from index.embedding import StaticEmbedder  # loaded with the library's own

    if not isinstance(library.embedder, StaticEmbedder):
        return own
    mixed = own + OTHER_WEIGHT * library.embedder.embed_query(other)
    return np.asarray(mixed / max(float(np.linalg.norm(mixed)), 1e-6), dtype=np.float32)


def passage_of(
    scored: ScoredChunk, document: Document, ranks: Mapping[str, Mapping[str, int]]
) -> Passage:
    chunk = scored.chunk
    return Passage(
        chunk=chunk,
        source=document.source,
        title=document.title,
        text=document.text[chunk.span.start : chunk.span.end],
        score=scored.score,
        ranks=ranks[chunk.chunk_id],
    )


def _sentences(
    library: Library,
    fused: Sequence[ScoredChunk],
    documents: Mapping[str, Document],
    similarities: Mapping[str, float],
    hints: Hints,
) -> tuple[Found, ...]:
    chunks: dict[str, list[Chunk]] = {}
    for scored in fused:
        chunks.setdefault(scored.chunk.doc_id, []).append(scored.chunk)
    places: list[tuple[Document, int, Sentence, str, int, float, float]] = []
    texts: list[str] = []
    lines: list[str] = []
    for doc_id in sorted(chunks):
        document = documents[doc_id]
        similarity: dict[int, float] = {}
        for chunk in chunks[doc_id]:
            near = similarities.get(chunk.chunk_id, 0.0)
            similarity.update(dict.fromkeys(range(chunk.first_sentence, chunk.last_sentence), near))
        hinted = hints.met_by(document) if hints else 0.0
        # Which of `lines`; a note has one of its own.
        titles: dict[tuple[tuple[str, ...], int | None, int | None], int] = {}
        block, line = None, -1
        positions = sorted(similarity)
        here = library.sentences_at(doc_id, positions)
        for position, sentence in zip(positions, here, strict=True):
            if block is not (now := document.blocks[sentence.block]):
                block = now
                note = sentence.block if block.markers else None
                line = titles.setdefault((block.section, block.table, note), len(lines))
                if line == len(lines):
                    leads = [_caption(document, sentence.block)]
                    if block.markers:
                        leads[:0] = _noted(block, library.sentences(doc_id), document)
                    lines.append("\n".join((document.title, *block.section, *leads)))
                kind = "table_header" if block.is_header else KIND_NAMES[block.kind]
                names = _header_names(block)
            texts.append(names + document.joined(sentence.spans))
            places.append((document, position, sentence, kind, line, similarity[position], hinted))
    # One call for them all: a key is as long as its text.
    keyed = _slices(key("".join(texts) + "".join(lines)), [*texts, *lines])
    headings = keyed[len(texts) :]
    return tuple(
        [
            Found(
                document,
                position,
                sentence,
                Candidate(document.doc_id, position, own, kind, headings[line], similar, hinted),
            )
            for (document, position, sentence, kind, line, similar, hinted), own in zip(
                places, keyed[: len(texts)], strict=True
            )
        ]
    )


def _slices(joined: str, parts: Sequence[str]) -> list[str]:
    """`joined` cut where `parts` were put together."""
    edges = [0, *accumulate(map(len, parts))]
    return [joined[a:b] for a, b in pairwise(edges)]


def _caption(document: Document, number: int) -> str:
    """The caption right above the table that a row belongs to, or the line that leads to it."""
    table = document.blocks[number].table
    if table is None:
        return ""
    while number >= 0 and document.blocks[number].table == table:
        number -= 1
    if number < 0:
        return ""
    text = document.quote(document.blocks[number].spans)
    named = document.blocks[number].kind is BlockKind.CAPTION or _CAPTION.match(text)
    return text if named and len(text) <= _LONGEST_CAPTION else ""


def _noted(block: Block, sentences: Sequence[Sentence], document: Document) -> Iterable[str]:
    """The sentences that point at a note: what it speaks of is said there, not beside it."""
    out: dict[str, None] = {}
    for marker in block.markers:
        place = bisect_right(sentences, marker.start, key=lambda s: s.span.start) - 1
        if place < 0 or marker.start >= (said := sentences[place]).span.end:
            continue
        # Behind a full stop a marker opens the next sentence and belongs to the one before.
        opens = _MARKERS.fullmatch(document.text, said.span.start, marker.start)
        if opens and place and sentences[place - 1].block == said.block:
            said = sentences[place - 1]
        out[document.joined(said.spans)] = None
    return out


def matched_text(document: Document, sentence: Sentence) -> str:
    """What a sentence is matched by: its own characters, a table row after its header names."""
    return _header_names(document.blocks[sentence.block]) + document.joined(sentence.spans)


def _header_names(block: Block) -> str:
    """Of a table row, with a space behind; "" for others."""
    if not block.header or block.is_header:
        return ""
    return " ".join(name for name in dict.fromkeys(block.header) if name) + " "
