"""The best sentences read again by the shipped reading model, and put in order by what it says.

The ranker sees which of the question's words a sentence holds; the model sees whether it says what
is asked. It costs some milliseconds a sentence, so it reads on only while nothing says it. Its say
is weighed against the ranker's: alone it is the worse of the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from index.segmenting import key
from rag.features import NAMES, Matrix
from rag.ranking import Scores, order
from rag.reading_model import SIDE_BY_SIDE, Context, Judgement, Judgements, shipped
from rag.resolving import neighbour
from rag.retrieval import Retrieval
from rag.variants import SOUND

# Of a logit of relevance in the ranker's score, and beyond what it says nothing more about the
# order; chosen on questions held out of the model.
WEIGHT = 1.0
_MOST = 10.0
# Of what somebody did, many sentences tell a part: that one of them is no answer says little.
_LEAST_OF_BROAD = -2.0
# How far below the ranker's best a sentence is read, by the highest relevance so far: where nothing
# says it, the answer may stand deep; what is sure is hardly ever overtaken.
_NEAR = 2.0
_IN_DOUBT, _FAR = -1.0, 6.0
_IS_SURE, _CLOSE = 2.0, 1.0
# Who says it need not be said in the sentence that says it; the model would look for it there.
_ATTRIBUTED = re.compile(
    r"^[^,，。?？说称讲]{1,8}?(?:说|称|讲|表示|认为|觉得|提到|指出|透露)(?!明|法|书|台|不)[,，:：]?(?=.{6})"
)

_OTHERS = 5  # sentences in the other language that are read beside the best


def _of_features(values: Mapping[str, float]) -> Matrix:
    """(len(NAMES),): what a unit of each feature counts."""
    return np.array([values.get(name, 0.0) for name in NAMES], dtype=np.float32)


# By how much the ranker thinks too little of sentences in the other language than the question's,
# when it is chosen what is read; and by how much the model then thinks too much of them. Chosen on
# benchmarks/written_sets.
_LIFTS = _of_features({"in_english": 3.0, "in_chinese": 1.0})
_INFLATED = _of_features({"in_english": 5.0, "in_chinese": 1.0})
_REPEATED = re.compile(r"(.+?)\1+", re.DOTALL)  # asked twice in a row, it asks for no more


def reread(retrieval: Retrieval, scores: Scores, depth: int) -> tuple[Scores, Judgements]:
    """Scores with at most `depth` of the best in a new order, and what the model said, by place.

    The best stay before the rest. `depth` 0, or nothing found, changes nothing and gives {}.
    """
    judged = judgements_of_best(retrieval, scores, depth)
    if not judged:
        return scores, {}
    places = list(judged)
    relevances = [one.relevance for one in judged.values()]
    least = _LEAST_OF_BROAD if retrieval.asked.is_broad else -_MOST
    shift = WEIGHT * np.clip(relevances, least, _MOST)
    changed = scores.copy()
    changed[places] += shift - shift.mean()
    if len(scores) > len(places):
        floor = np.delete(scores, places).max()
        # Last to first: by relevance, what the ranker put higher before its equals.
        rank = np.empty(len(places))
        rank[np.lexsort((-np.arange(len(places)), shift))] = np.arange(1, len(places) + 1)
        changed[places] = np.maximum(changed[places], floor + 1e-6 * rank)
    return np.round(changed, 6), judged


def judgements_of_best(retrieval: Retrieval, scores: Scores, depth: int) -> dict[int, Judgement]:
    """What the model says of the best by place, best first: of `depth` where none of them answers.

    With them the few best in the other language than the question's, which the ranker thinks too
    little of. Two are read at a time; on any machine the same.
    """
    best = order(scores)
    lifts = retrieval.features @ _LIFTS
    read = {*best[:depth], *[i for i in best if lifts[i]][:_OTHERS]} if depth else ()
    scores = scores + lifts
    ranked = [i for i in order(scores) if i in read]
    judged: dict[int, Judgement] = {}
    reach = _NEAR
    while len(judged) < len(ranked):
        following = ranked[len(judged) : len(judged) + SIDE_BY_SIDE]
        near = [i for i in following if scores[ranked[0]] - scores[i] <= reach]
        if not near:
            break
        judged |= judgements_of(retrieval, near)
        highest = max(one.relevance for one in judged.values())
        reach = _FAR if highest < _IN_DOUBT else _CLOSE if highest >= _IS_SURE else _NEAR
    return judged


def judgements_of(retrieval: Retrieval, places: Sequence[int]) -> dict[int, Judgement]:
    """What the model says of some of the sentences, by place, in their order."""
    if not places:
        return {}  # without loading the model
    contexts = [context_of(retrieval, place) for place in places]
    asked = [(question_for(retrieval, "\n".join(context)), context) for context in contexts]
    judged = shipped().judge_each(asked)
    too_much = retrieval.features[list(places)] @ _INFLATED
    return {
        place: replace(one, relevance=one.relevance - float(more)) if more else one
        for place, one, more in zip(places, judged, too_much, strict=True)
    }


def question_for(retrieval: Retrieval, text: str) -> str:
    """The question's key with its names and years as the text has them: 川普去年 as 特朗普2025年.

    The model knows what words mean, and less well who is called what and what year it is.
    """
    question = retrieval.question
    said: list[tuple[int, int, str]] = []
    for concept in retrieval.concepts:
        if concept.term in text:
            continue
        names = (a.term for a in concept.alternatives if a.origin == "names" and a.term in text)
        # Of two scripts in one question the model makes less; a name it cannot know, it has to see.
        same = [n for n in names if n.isascii() == concept.term.isascii()]
        same += [a.term for a in concept.alternatives if a.origin == SOUND and a.term in text]
        if same:
            said.append((concept.start, concept.end, same[0]))
    for start, end, spellings in question.spellings:
        written = next((s for s in spellings if s in text), None)
        if written is not None and question.key[start:end] not in text:
            said.append((start, end, written))
    out, at = [], 0
    for start, end, term in sorted(said):
        if start >= at:
            out += [question.key[at:start], term]
            at = end
    return unattributed(asked_once("".join(out) + question.key[at:]))


def unattributed(question_key: str) -> str:
    """A question's key without who says it: 邵工说样机一小时跑多少片 asks 样机一小时跑多少片."""
    return _ATTRIBUTED.sub("", question_key)


def asked_once(question_key: str) -> str:
    """多少人？多少人？ as 多少人？; any other as it is."""
    match = _REPEATED.fullmatch(question_key)
    return match[1] if match else question_key


def context_of(retrieval: Retrieval, place: int) -> Context:
    """Title and headings, the two sentences before, the sentence, the one after, as keys.

    The title is a line, and what stands above the sentence is lines under it. "" for what was not
    found.
    """
    found = retrieval.sentences[place]

    def beside(shift: int) -> str:
        other = neighbour(found, retrieval, shift)
        return other.candidate.key if other is not None else ""

    title = key(found.document.title)
    above = found.candidate.headings.removeprefix(title).split("\n")
    lead = "\n".join([title, *dict.fromkeys(line for line in above if line and line != title)])
    last = beside(-1)
    return lead, (beside(-2) if last else "") + last, found.candidate.key, beside(1)
