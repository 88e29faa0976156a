"""The fast sum of what is measured about a short answer, held against the sum by name."""

from __future__ import annotations

from datetime import date
from itertools import product

from index.thesaurus import shipped as thesaurus
from rag import background
from rag.asking import asked_of
from rag.normalising import normalise
from rag.short_answers import candidates_of, shipped, short_answer_in
from rag.span_features import SpanWeights, describe, scores_of
from rag.terms import concepts_of

QUESTIONS = (
    "南湾港去年卸了多少吨货？",
    "青屿大桥是谁设计的？",
    "哪家公司中标了海底隧道？",
    "什么时候通车？",
    "票价涨了百分之几？",
    "Which company built the tunnel?",
    "为什么停工？",
    "的呢？",
)
SENTENCES = (
    "南湾港2025年卸货1,250万吨，比上年增长12%，其中煤炭占三成。",
    "青屿大桥由林见山设计，《桥梁》杂志称之为“海上长廊”；2019年5月6日通车。",
    "中标的是远帆隧道工程有限公司（Yuanfan Tunnel Ltd.），合同额2.5亿元。",
    "The tunnel was built by Yuanfan in 2021 at a cost of $40 million.",
    "因为大风，工地停工三天，票价没有变。",
    "停",
    "，，。",
)


def test_fast_scores_are_the_sums_by_name_to_the_last_bit() -> None:
    weights, compared = shipped().weights, 0
    for asked_text, sentence in product(QUESTIONS, SENTENCES):
        question = normalise(asked_text, date(2026, 6, 30))
        asked = asked_of(question.key)
        concepts = concepts_of(question, [thesaurus()], background.shipped())
        sentence = sentence.lower()
        candidates = candidates_of(sentence, asked, question.key)
        if candidates:
            rows = describe(candidates, sentence, asked, question.key, concepts)
            fast = scores_of(candidates, sentence, asked, question.key, concepts, weights)
            assert fast == shipped().scores(rows), (asked_text, sentence)
            compared += len(candidates)
    assert compared > 500


def test_the_most_probable_candidate_is_the_answer() -> None:
    question = normalise(QUESTIONS[0], date(2026, 6, 30))
    concepts = concepts_of(question, [thesaurus()], background.shipped())
    found = short_answer_in(SENTENCES[0], asked_of(question.key), question.key, concepts)
    assert found is not None
    assert SENTENCES[0][found.start : found.end] == "1,250万吨"
    assert short_answer_in("，，。", asked_of(question.key), question.key, concepts) is None


def test_weights_that_are_asked_for_stay_as_they_are() -> None:
    weights = SpanWeights({"bias": 1.5, "#bias": 2.0})
    assert (weights["unknown"], weights["bias"]) == (0.0, 1.5)
    assert weights.beginning("#")["bias"] == 2.0
    # Another thread may go through them at the time.
    assert dict(weights) == {"bias": 1.5, "#bias": 2.0}
