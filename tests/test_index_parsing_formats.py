"""Markdown, HTML, CSV, transcripts and JSONL: structure from the format, text as it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.parsing import ParseSettings, parse_file
from index.schema import Block, BlockKind, Document, Skipped

BODY = "全球可再生能源装机在过去十年里增长了三倍，其中太阳能贡献最大，二者合计占八成以上。"


def parse_one(path: Path, content: str | bytes) -> Document:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (document,) = parse_file(path, path.name, ParseSettings())
    assert isinstance(document, Document), document
    return document


def of(document: Document, kind: BlockKind) -> list[Block]:
    return [b for b in document.blocks if b.kind is kind]


def texts(document: Document, kind: BlockKind) -> list[str]:
    return [document.quote(b.spans) for b in of(document, kind)]


def cells(document: Document, block: Block) -> list[str]:
    return [document.text[c.start : c.end] for c in block.cells]


def covered(document: Document) -> float:
    solid = sum(not c.isspace() for c in document.text)
    inside = sum(
        not c.isspace()
        for b in document.blocks
        for s in b.spans
        for c in document.text[s.start : s.end]
    )
    return inside / solid


MARKDOWN = """---
title: 储能观察
date: 2026-03-01
作者: 张三
---

# 储能观察

## 一、规模

装机增长**三倍**[^1]，
其中锂电最多。

- 第一条
  续行
- 第二条

1. 甲
2. 乙

| 省份 | 装机 |
|:-----|-----:|
| 山东 | 520 |
| 江苏 | |

> 引文一行，
> 又一行。

```python
x = 1
y = 2
```

Setext
------

末段。

[^1]: 数据来自公开通报。
"""


def test_markdown_blocks_and_front_matter(tmp_path: Path) -> None:
    document = parse_one(tmp_path / "a.md", MARKDOWN)
    assert (document.title, document.date, document.meta["author"]) == (
        "储能观察",
        "2026-03-01",
        "张三",
    )
    assert texts(document, BlockKind.HEADING) == ["储能观察", "一、规模", "Setext"]
    assert "装机增长**三倍**[^1]，其中锂电最多。" in texts(document, BlockKind.PARAGRAPH)
    assert texts(document, BlockKind.LIST_ITEM) == ["第一条续行", "第二条", "1. 甲", "2. 乙"]
    header, shandong, jiangsu = of(document, BlockKind.TABLE_ROW)
    assert header.is_header
    assert (shandong.header, cells(document, shandong)) == (("省份", "装机"), ["山东", "520"])
    assert (jiangsu.header, cells(document, jiangsu)) == (("省份",), ["江苏"])
    assert "引文一行，又一行。" in texts(document, BlockKind.PARAGRAPH)
    (note,) = of(document, BlockKind.FOOTNOTE)
    assert [document.text[m.start : m.end] for m in note.markers] == ["[^1]"]
    assert of(document, BlockKind.LIST_ITEM)[0].section == ("一、规模",)
    assert covered(document) == 1.0


def test_markdown_leads_back_to_the_file(tmp_path: Path) -> None:
    document = parse_one(tmp_path / "a.md", MARKDOWN)
    for i, character in enumerate(document.text):
        origin = document.raw_offset(i)
        assert origin is not None
        assert MARKDOWN[origin] == character or (MARKDOWN[origin].isspace() and character.isspace())


def test_text_file_with_hash_headings_is_markdown(tmp_path: Path) -> None:
    assert parse_one(tmp_path / "a.txt", f"# 甲\n\n{BODY}\n\n## 乙\n\n{BODY}\n").format == "md"


HTML = f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>锂矿观察_矿业网</title>
<meta property="article:published_time" content="2025-06-18T08:00:00+08:00">
<style>p {{color: red}}</style><script>var secret = "不可见";</script></head><body>
<nav><a href="/">首页</a> &gt; <a href="/n">新闻</a></nav>
<article><h1>锂矿观察</h1><p>来源：矿业周刊</p>
<p>产量达到24万吨<sup><a href="#fn1">1</a></sup>，
增长<b>18%</b>。</p>
<h2>一、分布</h2>
<table><thead><tr><th>国家</th><th>产量</th></tr></thead>
<tr><td>智利</td><td>5</td></tr><tr><td>中国</td><td></td></tr></table>
<p>表1 分省情况</p><p>省份</p><p>产量</p><p>青海</p><p>12</p><p>四川</p><p>13</p><p>{BODY}</p>
<ul><li>甲点<ul><li>子点</li></ul></li></ul><p style="display:none">隐藏</p></article>
<ol><li id="fn1">来自公开通报。</li></ol>
<div class="share">分享到：微信</div><footer>版权所有</footer></body></html>"""


def test_html_structure_without_scripts(tmp_path: Path) -> None:
    document = parse_one(tmp_path / "a.html", HTML)
    assert (document.title, document.date) == ("锂矿观察", "2025-06-18")
    assert document.meta["publisher"] == "矿业周刊"
    assert not any(word in document.text for word in ("secret", "不可见", "color", "隐藏"))
    assert "产量达到24万吨1，增长18%。" in document.text
    assert texts(document, BlockKind.FURNITURE) == ["首页 > 新闻", "分享到：微信", "版权所有"]
    rows = of(document, BlockKind.TABLE_ROW)
    assert [(r.table, r.header, cells(document, r)) for r in rows if not r.is_header] == [
        (0, ("国家", "产量"), ["智利", "5"]),
        (0, ("国家",), ["中国"]),
        (1, ("省份", "产量"), ["青海", "12"]),
        (1, ("省份", "产量"), ["四川", "13"]),
    ]
    (note,) = of(document, BlockKind.FOOTNOTE)
    assert (note.label, [document.text[m.start : m.end] for m in note.markers]) == ("1", ["1"])
    assert covered(document) == 1.0


def test_html_in_its_declared_legacy_charset(tmp_path: Path) -> None:
    page = f'<html><head><meta charset="gb2312"></head><body><p>{BODY}</p></body></html>'
    assert BODY in parse_one(tmp_path / "a.htm", page.encode("gb18030")).text


def test_csv_cells_with_quotes_newlines_and_title_rows(tmp_path: Path) -> None:
    raw = '产量表,,\r\n国家,产量,说明\r\n智利,5,"盐湖, ""阿塔卡马""\n为主"\r\n,,\r\n中国,,无\r\n'
    document = parse_one(tmp_path / "a.csv", raw.encode("gb18030"))
    assert texts(document, BlockKind.CAPTION) == ["产量表,,"]
    header, chile, china = of(document, BlockKind.TABLE_ROW)
    assert header.is_header
    assert cells(document, chile) == ["智利", "5", '盐湖, ""阿塔卡马""\n为主']
    assert (china.header, cells(document, china)) == (("国家", "说明"), ["中国", "无"])
    assert covered(document) == 1.0


def test_tsv_delimiter_is_found(tmp_path: Path) -> None:
    document = parse_one(tmp_path / "a.tsv", "year\tvalue\n2024\t1,5\n2025\t2,5\n")
    assert cells(document, of(document, BlockKind.TABLE_ROW)[2]) == ["2025", "2,5"]


NESTED = {
    "text": [
        [{"start": 1.5, "text": "大家好。"}],
        [{"start": 9.0, "text": "（一）产量"}],
        [{"start": 12.0, "text": "完了。"}],
    ],
    "url": "./audio/a.mp3",
}  # fmt: skip


@pytest.mark.parametrize("name", ["a.json", "a.txt"])
def test_nested_transcript_whatever_its_suffix(tmp_path: Path, name: str) -> None:
    document = parse_one(tmp_path / name, json.dumps(NESTED, ensure_ascii=False))
    assert (document.format, document.meta["audio"]) == ("transcript", "./audio/a.mp3")
    assert [(b.kind, b.time) for b in document.blocks] == [
        (BlockKind.SEGMENT, (1.5, 9.0)),
        (BlockKind.HEADING, (9.0, 12.0)),
        (BlockKind.SEGMENT, (12.0, 12.0)),
    ]


def test_segments_that_break_a_sentence_are_joined_with_their_times(tmp_path: Path) -> None:
    whisper = {
        "segments": [
            {"start": 0.0, "end": 2.0, "text": "今年的产量"},
            {"start": 2.0, "end": 4.5, "text": "增长了三倍。"},
            {"start": 4.5, "end": 6.0, "text": "谢谢。"},
        ]
    }
    document = parse_one(tmp_path / "a.json", json.dumps(whisper))
    assert [(document.quote(b.spans), b.time) for b in document.blocks] == [
        ("今年的产量增长了三倍。", (0.0, 4.5)),
        ("谢谢。", (4.5, 6.0)),
    ]


SRT = (
    "1\r\n00:00:01,000 --> 00:00:03,500\r\n<i>甲：</i>第一句，\r\n折行。\r\n\r\n"
    "2\r\n00:01:02,000 --> 00:01:04,000\r\n第二句。\r\n"
)


def test_srt_cues_keep_times_and_lead_back(tmp_path: Path) -> None:
    document = parse_one(tmp_path / "a.srt", SRT)
    assert [(document.quote(b.spans), b.time) for b in document.blocks] == [
        ("甲：第一句，折行。", (1.0, 3.5)),
        ("第二句。", (62.0, 64.0)),
    ]
    at = document.raw_offset(document.text.index("第二句"))
    assert at == SRT.index("第二句")


def test_vtt_header_notes_and_identifiers_go(tmp_path: Path) -> None:
    raw = (
        "WEBVTT - talk\n\nNOTE internal\n\nintro\n00:01.000 --> 00:02.000 align:start\n"
        "<v Ann>Hello there.\n\n00:03.000 --> 00:04.000\nBye.\n"
    )
    document = parse_one(tmp_path / "a.vtt", raw)
    assert texts(document, BlockKind.SEGMENT) == ["Ann: Hello there.", "Bye."]
    assert covered(document) == 1.0


def test_jsonl_gives_a_document_a_record_and_keeps_going(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    lines = [
        json.dumps(
            {"id": "n1", "title": "标题", "text": BODY, "date": "2023-08-16", "url": "http://a"}
        ),
        "{broken",
        json.dumps({"id": "n1", "text": BODY}),
        json.dumps({"id": "n2", "text": ""}),
        "[1, 2]",
        "",
        json.dumps({"text": f"一、甲\n{BODY}\n{BODY}\ud800"}),
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = list(parse_file(path, "data/news.jsonl", ParseSettings()))
    documents = [f for f in found if isinstance(f, Document)]
    skipped = [f for f in found if isinstance(f, Skipped)]
    assert [d.doc_id for d in documents] == ["data/news.jsonl#n1", "data/news.jsonl#7"]
    assert (documents[0].title, documents[0].date, documents[0].kind) == (
        "标题",
        "2023-08-16",
        "news",
    )
    assert documents[0].meta == {"url": "http://a"}
    assert documents[1].text.endswith("\ufffd")
    assert [s.is_error for s in skipped] == [True] * 4
    assert [f"line {n}" in s.reason for n, s in zip((2, 3, 4, 5), skipped, strict=True)] == [
        True
    ] * 4
    assert len({d.content_hash for d in documents}) == 2


def test_traditional_chinese_and_english_are_recognised(tmp_path: Path) -> None:
    hant = "去年臺灣出口總額達四千七百億美元，電子零組件與資訊通信產品占了六成以上。"
    assert parse_one(tmp_path / "a.txt", hant.encode("big5hkscs")).language == "zh-Hant"
    assert parse_one(tmp_path / "b.txt", "Exports rose by a third last year.").language == "en"
    assert parse_one(tmp_path / "c.txt", BODY).language == "zh"


_PIECES = st.sampled_from(
    ["# 标题", "## 二级 ##", "- 项", "1. 甲", "> 引文", "| a | b |", "|---|---|", "```", "---",
     "[^1]: 注。", "见[^1]。", "a,b,c", '"x, ""y""', "<p>段落</p>", "</div>", "<script>", "&amp;",
     "<table><tr><td>甲<td>乙</tr>", "<sup><a href='#n'>1</a></sup>", "<li id=n>注文", BODY,
     "1\n00:00:01,000 --> 00:00:02,000", "话说到一半", "表1：产量", "🙂", "\ud800", "\x00", "　"]
)  # fmt: skip
_ENDS = st.sampled_from(["\n", "\n\n", "\r\n", "", "\t", "\f"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parts=st.lists(st.tuples(st.one_of(_PIECES, st.text(max_size=12)), _ENDS), max_size=20))
@pytest.mark.parametrize("suffix", ["md", "html", "csv", "srt"])
def test_any_input_is_covered_without_overlap(
    suffix: str, parts: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    raw = "".join(piece + ending for piece, ending in parts)
    path.write_bytes(raw.encode("utf-8", "replace"))
    (found,) = parse_file(path, path.name, ParseSettings())
    if isinstance(found, Skipped):
        assert "broken and cannot be read" not in found.reason
        return
    taken = [False] * len(found.text)
    starts = [b.spans[0].start for b in found.blocks]
    assert starts == sorted(starts)
    for block in found.blocks:
        assert len(block.header) in (0, len(block.cells))
        for span in block.spans:
            assert not any(taken[span.start : span.end])
            taken[span.start : span.end] = [True] * len(span)
        for cell in block.cells:
            assert block.span.start <= cell.start < cell.end <= block.span.end
    assert covered(found) >= 0.995
    found.text.encode("utf-8")


def test_numbered_notes_of_markdown_are_linked_and_links_are_no_notes(tmp_path: Path) -> None:
    raw = (
        "# 报告\n\n桥梁共73座[1]。铁索桥两座，\n[2]号桥除外[2]。\n\n[详见](a.html)\n\n"
        "[1] 林既白：《青石河志》，第88页。\n该书有两版。\n[2] 水务局档案。\n\n[3](b.html) 见此。\n"
    )
    (tmp_path / "a.md").write_text(raw, encoding="utf-8")
    (document,) = parse_file(tmp_path / "a.md", "a.md")
    assert isinstance(document, Document)
    notes = [b for b in document.blocks if b.kind is BlockKind.FOOTNOTE]
    assert [document.joined(b.spans) for b in notes] == [
        "[1] 林既白：《青石河志》，第88页。该书有两版。",
        "[2] 水务局档案。",
    ]
    assert [len(b.markers) for b in notes] == [1, 2]
    assert "铁索桥两座，[2]号桥除外[2]。" in document.text


def test_html_tables_in_markdown_become_rows_with_header_names(tmp_path: Path) -> None:
    raw = (
        '正文一句。\n\n<table>\n<tr><th>县</th><th colspan="2">桥梁<br>（座）</th></tr>\n'
        "<tr><td rowspan=2><b>上游</b></td><td>石桥</td><td>31</td></tr>\n"
        "<tr><td>木桥</td>\n<td> 4 </td></tr></table>\n\n正文二句。\n\n<table><tr><td>没有完"
    )
    (tmp_path / "a.md").write_text(raw, encoding="utf-8")
    (document,) = parse_file(tmp_path / "a.md", "a.md")
    assert isinstance(document, Document)
    rows = [b for b in document.blocks if b.kind is BlockKind.TABLE_ROW]
    cells = [[document.text[c.start : c.end] for c in b.cells] for b in rows]
    assert cells == [["县", "桥梁 （座）"], ["上游", "石桥", "31"], ["木桥", "4"]]
    assert [b.header for b in rows[1:]] == [
        ("县", "桥梁 （座）", "桥梁 （座）"),
        ("桥梁 （座）", "桥梁 （座）"),
    ]
    assert [b.is_header for b in rows] == [True, False, False]
    for block in rows:  # every cell leads back to the raw characters
        for cell in block.cells:
            start = document.raw_offset(cell.start)
            assert start is not None
            assert raw[start] == document.text[cell.start]
    texts = [document.joined(b.spans) for b in document.blocks]
    assert "正文二句。" in texts
    assert "没有完" in document.text


def test_tags_of_a_cue_do_not_run_two_sentences_together(tmp_path: Path) -> None:
    raw = (
        "1\n00:00:01,000 --> 00:00:03,000\n<font color=red>第一句。</font>\n\n"
        "2\n00:00:04,000 --> 00:00:05,000\n<i>第二句。</i>\n"
    )
    (tmp_path / "a.srt").write_text(raw, encoding="utf-8")
    (document,) = parse_file(tmp_path / "a.srt", "a.srt")
    assert isinstance(document, Document)
    found = [(document.joined(b.spans), b.time) for b in document.blocks]
    assert found == [("第一句。", (1.0, 3.0)), ("第二句。", (4.0, 5.0))]


def test_a_saved_wechat_article_keeps_its_body(tmp_path: Path) -> None:
    """Its own style hides the body until a script runs; what else is hidden stays out."""
    raw = (
        '<html><body><h1 id="activity-name">渡口的一天</h1>'
        '<div id="js_content" style="visibility: hidden; opacity: 0;"><section>'
        '<p>渡船改在每天七点半开。</p><p style="display:none">看不见的。</p></section></div>'
        "<div>预览时标签不可点</div></body></html>"
    )
    (tmp_path / "a.html").write_text(raw, encoding="utf-8")
    (document,) = parse_file(tmp_path / "a.html", "a.html")
    assert isinstance(document, Document)
    assert texts(document, BlockKind.PARAGRAPH) == ["渡船改在每天七点半开。"]
    assert "看不见的" not in document.text
