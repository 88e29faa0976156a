"""What the ranker's features mean, in a few words, for `--explain`."""

from __future__ import annotations

# name → (Chinese, English); rag/features.py says how each is measured.
LABELS: dict[str, tuple[str, str]] = {
    "words": ("含问题原词", "the question's own words"),
    "concepts": ("含所问之事（含同义词）", "what is asked, synonyms included"),
    "grams": ("字面相近", "character pairs"),
    "clause": ("集中在相邻两个分句", "within two neighbouring clauses"),
    "near": ("本句与前后各一句", "with its two neighbours"),
    "near_grams": ("本句与前后各一句的字面", "character pairs, with its neighbours"),
    "around": ("前后各四句", "within four sentences"),
    "around_grams": ("前后各四句的字面", "character pairs, within four sentences"),
    "region": ("前后各十二句及标题", "within twelve sentences and headings"),
    "region_grams": ("前后各十二句及标题的字面", "character pairs, within twelve sentences"),
    "document": ("整份文档", "the whole document"),
    "document_grams": ("整份文档的字面", "character pairs, the whole document"),
    "title": ("文档名和小标题", "title and headings"),
    "best_of_document": ("文档里最好的一句", "the document's best sentence"),
    "carried": ("本句或承接上文", "said here or carried over"),
    "focus": ("本句特有的所问之事", "what few sentences around say"),
    "carried_focus": ("特有的，或承接上文", "the same, or carried over"),
    "gain_before": ("上一句补足的", "what the sentence before adds"),
    "gain_after": ("下一句补足的", "what the sentence after adds"),
    "rarest": ("最少见的词", "the rarest word"),
    "rarest_near": ("最少见的词在邻句", "the rarest word, next to it"),
    "rarest_region": ("最少见的词在附近", "the rarest word, near it"),
    "second": ("第二少见的词", "the second rarest word"),
    "second_near": ("第二少见的词在邻句", "the second rarest word, next to it"),
    "names": ("外文名和数字", "Latin names and numbers"),
    "names_region": ("外文名和数字在附近", "Latin names and numbers, near it"),
    "similarity": ("意思相近（向量）", "similar in meaning (vectors)"),
    "similarity_document": ("文档意思相近（向量）", "document similar in meaning (vectors)"),
    "product": ("本句且附近都有", "here and near it at once"),
    "fit": ("含这类答案该有的内容", "holds what such an answer is made of"),
    "fit_clause": ("且就在所问之事的分句里", "… in the clauses that speak of it"),
    "fit_product": ("且说到所问之事", "… and speaks of what is asked"),
    "unit": ("数字带所问的单位", "a number with the asked unit"),
    "length": ("句长", "length"),
    "short": ("不到十个字", "under ten characters"),
    "long": ("超过一百五十字", "over 150 characters"),
    "new": ("问题之外的内容", "what the question did not say"),
    "question": ("本身是问句", "asks something itself"),
    "first": ("文档首句", "first of its document"),
    "position": ("靠近文档开头", "near the document's beginning"),
    "heading": ("是标题", "a heading"),
    "table_row": ("是表格行", "a table row"),
    "note": ("是注释或图表说明", "a note or a caption"),
    "reread": ("第二遍阅读", "second reading"),
    "in_english": ("问题是中文，句子是英文", "in English, the question in Chinese"),
    "in_chinese": ("问题是英文，句子是中文", "in Chinese, the question in English"),
    "hint": ("是问题所指的那类文档", "the document that the question means"),
}
_KINDS: dict[str, tuple[str, str]] = {
    "number": ("问数字", "asks for a number"),
    "percent": ("问比例", "asks for a share"),
    "money": ("问金额", "asks for an amount"),
    "date": ("问时间", "asks when"),
    "person": ("问人", "asks who"),
    "place": ("问地点", "asks where"),
    "list": ("问有哪些", "asks for a list"),
    "reason": ("问原因", "asks why"),
    "manner": ("问做法", "asks how"),
    "yesno": ("问是否", "asks whether"),
    "name": ("问名称", "asks for a name"),
    "other": ("未能判定问什么", "kind of answer unknown"),
}


def feature_label(name: str, lang: str) -> str:
    """The name itself where nothing better is known: "(heading)" of a block's prior."""
    english = lang == "en"
    if name in LABELS:
        return LABELS[name][english]
    if name.startswith("fit_") and (kind := _KINDS.get(name.removeprefix("fit_"))):
        return f"{LABELS['fit'][english]}, {kind[1]}" if english else f"{kind[0]}，句中有相应内容"
    return name


def kind_label(kind: str, lang: str) -> str:
    return _KINDS.get(kind, (kind, kind))[lang == "en"]
