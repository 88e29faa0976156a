"""What users read, in Chinese and English. One table, so that neither language is forgotten."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")

# key → (Chinese, English)
_TABLE: dict[str, tuple[str, str]] = {
    # ask
    "evidence": ("依据", "Sources"),
    "no_answer": ("资料里没有找到答案。", "The documents do not answer this."),
    "missing": ("没有提到：{terms}", "Not mentioned: {terms}"),
    "nearest": ("可能相关（不是答案）", "Possibly related (not an answer)"),
    "conflicts": ("来源说法不一", "Sources disagree"),
    "conflict_about": ("关于{about}：", "On {about}: "),
    "fallback": (
        "（语言模型没有给出可核实的陈述，以下为原文摘录：{why}）",
        "(The language model gave no statement that could be verified; quotes instead: {why})",
    ),
    "llm_unset": (
        "没有设置，答案只摘录原文（怎么设：docs/llm.md）",
        "none set, answers are quotes (how to set one: docs/llm.md)",
    ),
    "understood_as": ("按此理解：{question}", "Understood as: {question}"),
    "failed": ("没有答成：{error}", "Could not be answered: {error}"),
    "page": ("第 {page} 页", "p. {page}"),
    "pages": ("第 {first}–{last} 页", "pp. {first}–{last}"),
    "table_header": ("表头：{cells}", "Columns: {cells}"),
    "separator": ("；", "; "),
    "colon": ("：", ": "),
    # search, --explain
    "same_text_in": ("同样的文字还见于：{sources}", "The same text in: {sources}"),
    "search_nothing": ("没有找到相关段落。", "No passage was found."),
    "bad_limit": ("-k {n} 不行：用 1 到 {most} 之间的数", "-k {n}: take a number from 1 to {most}"),
    "explain_terms": ("找了什么（词、稀有程度 → 其他说法、权重 [来源]）",
                      "Looked for (word, rarity → other words, weight [from])"),
    "explain_nothing": ("没有可找的词", "no word to look for"),
    "explain_heard": (" 听作 {names}", " heard as {names}"),
    "explain_asks": ("要的是：{kind}", "wanted: {kind}"),
    "explain_unit": ("（{unit}）", " ({unit})"),
    "explain_hints": ("问题所指的文档：{hints}（排前，不排除其他）",
                      "the document that is meant: {hints} (moved up, others stay)"),
    "explain_sentences": ("句子得分（权重 × 值，大者在前）",
                          "Scores of sentences (weight × value, largest first)"),
    "explain_ranks": ("词语第 {lexical}，向量第 {dense}，合并第 {fused}",
                      "words: {lexical}, vectors: {dense}, fused: {fused}"),
    "explain_unranked": ("—", "–"),
    "origin_spelling": ("写法", "spelling"),
    "origin_sound": ("读音", "sound"),
    "origin_aliases": ("文档自己的说明", "the documents themselves"),
    "origin_user": ("资料库的 synonyms.txt", "the library's synonyms.txt"),
    # index
    "index_done": (
        "资料库 {name}：{documents} 份文档，{chunks} 个片段（第 {generation} 版，用时 {seconds}）",
        "Library {name}: {documents} documents, {chunks} chunks (state {generation}, {seconds})",
    ),
    "index_changes": (
        "新增 {added}，更新 {changed}，未变 {unchanged}，移除 {removed}",
        "{added} added, {changed} changed, {unchanged} unchanged, {removed} removed",
    ),
    "index_failed": ("未能读取 {n} 项：", "{n} could not be read:"),
    "index_skipped": ("跳过 {n} 项（不是文档）：", "{n} passed over (not documents):"),
    "and_more": ("……另有 {n} 项", "… and {n} more"),
    "index_kept": (
        "已停止；资料库保持上一版，再次运行同一条命令即可接着做",
        "Stopped; the library is as it was. Run the same command to go on",
    ),
    "index_writing": ("正在写入", "writing"),
    "index_embedding": ("正在用新模型重算向量", "making new vectors"),
    "index_reembedded": ("向量已全部用 {model} 重算", "all vectors were made anew with {model}"),
    "index_next": ('下一步：wenju ask "你的问题"{index}', 'Next: wenju ask "your question"{index}'),
    # sources, libraries
    "no_sources": ("资料库 {name} 是空的：wenju index 路径{index}",
                   "Library {name} is empty: wenju index PATH{index}"),
    "sources_total": ("{n} 份文档，{chars} 字", "{n} documents, {chars} characters"),
    "removed": ("已从资料库 {name} 中抹去 {n} 份文档", "{n} documents erased from library {name}"),
    "doc_unknown": (
        "资料库 {name} 里没有 {doc}{near}；wenju sources 列出全部",
        "no document {doc} in library {name}{near}; wenju sources lists all",
    ),
    "source_unknown": (
        "资料库 {name} 里没有来源匹配 {pattern}；wenju sources 列出全部",
        "no source of library {name} matches {pattern}; wenju sources lists all",
    ),
    "nothing_passes": (
        "资料库 {name} 里没有文档同时满足 --source、--kind、--since、--until；"
        "wenju sources 列出每份文档的类型和日期",
        "no document of library {name} meets --source, --kind, --since and --until together;"
        " wenju sources lists kinds and dates",
    ),
    "did_you_mean": ("，是不是 {near}？", ", did you mean {near}?"),
    "no_libraries": ("还没有资料库：wenju index 文件夹", "No library yet: wenju index FOLDER"),
    "libraries_known": ("已有：{names}（用 --index 指定）", "there is: {names} (use --index)"),
    # batch
    "batch_left": ("剩余 {time}", "{time} left"),
    "batch_summary": (
        "{total} 个问题：{answered} 个已答，{abstained} 个无答案，{failed} 个出错"
        "（本次回答 {asked} 个，沿用 {kept} 个，用时 {seconds}）→ {out}",
        "{total} questions: {answered} answered, {abstained} without an answer, {failed} failed"
        " ({asked} asked now, {kept} kept, {seconds}) → {out}",
    ),
    "batch_repeated": (
        "其中 {n} 个与别的问题相同，只回答了一次",
        "{n} of them are equal to another one and were answered with it",
    ),
    "batch_why_not": ("  无答案 {n} 个：{reason}", "  without an answer, {n}: {reason}"),
    "batch_why_failed": ("  出错 {n} 个：{reason}", "  failed, {n}: {reason}"),
    "bad_workers": (
        "--workers {n}：要 1 到 64 之间的数", "--workers {n}: a number from 1 to 64 is needed"
    ),
    "out_workbook": (
        "{path} 已存在，旁边没有 {records}，不知是否为 wenju batch 的结果：换一个 --out",
        "{path} exists without {records} beside it, so it may be no result of wenju batch: choose"
        " another --out, it is left alone",
    ),
    "sheet_answers": ("答案", "answers"),
    "batch_retry": (
        "重试出错的问题：同一条命令加上 --retry-failed",
        "To try the failed ones again: the same command with --retry-failed",
    ),
    "batch_stopped": (
        "已停止，{n} 条结果已存入 {out}；再次运行同一条命令即可接着做",
        "Stopped; {n} records are kept in {out}. Run the same command to go on",
    ),
    "batch_repaired": (
        "{out} 的最后一条记录不完整，已去掉并将重新回答",
        "The last record of {out} was cut short: taken out, asked again",
    ),
    "batch_changed": ("{n} 个问题已改动，重新回答", "{n} questions have changed: asked again"),
    "batch_dropped": (
        "{n} 条旧结果已不在问题表中；原文件留在 {backup}",
        "{n} records belong to no question any more; the file as it was is {backup}",
    ),
    "batch_older": (
        "{n} 条沿用的结果出自资料库的较早版本；要全部重答，请换一个 --out",
        "{n} kept records are from an earlier state of the library; for new ones: another --out",
    ),
    "batch_renamed": (
        "{n} 个编号重复，已改为「编号#2」的形式", "{n} ids occur twice and became “id#2”"
    ),
    "id_and_question": (
        "{path}：没有「question」或「问题」这一列（有：{columns}）；改列名，或存成每行一问的 .txt",
        "{path} has no column question (it has: {columns}): rename one, or save a .txt of lines",
    ),
    "questions_missing": ("{path} 不存在：检查问题表的路径", "{path} is not there: check the path"),
    "questions_folder": (
        "{path} 是文件夹：给出其中的一个问题表", "{path} is a folder: name a file of questions"
    ),
    "questions_unreadable": ("{path} 无法读取：{error}", "{path} cannot be read: {error}"),
    "questions_format": (
        "{path}：问题表须为 .jsonl、.csv、.xlsx 或 .txt",
        "{path}: questions come as .jsonl, .csv, .xlsx or .txt",
    ),
    "questions_none": ("{path} 里没有问题", "{path} holds no question"),
    "line_broken": ("第 {line} 行不是有效的 JSON：{error}", "line {line} is not JSON: {error}"),
    "line_no_question": ("第 {line} 行没有 question", "line {line} has no question"),
    "out_is_questions": (
        "--out 与问题表是同一个文件：换一个输出文件", "--out is the questions file: choose another"
    ),
    "out_format": (
        "--out 须为 .jsonl、.csv 或 .xlsx：{path}", "--out ends in .jsonl, .csv or .xlsx: {path}"
    ),
    "out_foreign": (
        "{path} 已存在，且不是 wenju batch 的结果：换一个 --out，不会覆盖它",
        "{path} exists and is no result of wenju batch: choose another --out, it is left alone",
    ),
    "out_columns": (
        "{path} 的列与问题表不符（多或少：{columns}）：换一个 --out",
        "{path} has other columns than the questions ({columns}): choose another --out",
    ),
    "out_locked": (
        "另一个 wenju batch 正在写 {path}：等它结束，或换一个 --out",
        "another wenju batch is writing {path}: wait for it, or choose another --out",
    ),
    # check, doctor
    "check_sound": (
        "资料库 {name} 完好：{documents} 份文档，{chunks} 个片段",
        "Library {name} is sound: {documents} documents, {chunks} chunks",
    ),
    "check_problems": ("资料库 {name} 有 {n} 处问题：", "Library {name} has {n} problems:"),
    "check_mend": (
        "修复：wenju index 原来的文件夹{index} --rebuild",
        "To mend it: wenju index THE SAME FOLDER{index} --rebuild",
    ),
    "ok": ("正常", "ok"),
    "missing_part": ("缺少", "missing"),
    "optional": ("可选", "optional"),
    "set": ("已设置", "set"),
    "unset": ("未设置", "not set"),
    "none_given": ("全部为默认值", "all at their defaults"),
    # errors
    "unknown_command": ("没有「{name}」这个命令{near}", "there is no command {name!r}{near}"),
    "unknown_arguments": ("没有 {arguments} 这样的参数", "unknown arguments: {arguments}"),
    "see_help": ("用法见 {prog} --help", "see {prog} --help"),
    "no_question": (
        '没有问题：wenju ask "你的问题"，或用管道送入', 'no question: wenju ask "…", or pipe it in'
    ),
    "bad_date": ("{text} 不是日期：写成 2026-01-31", "{text} is not a date: write 2026-01-31"),
    "internal": (
        "内部错误 {error}；设 WENJU_DEBUG=1 再运行可看到详情",
        "internal error {error}; run with WENJU_DEBUG=1 for the traceback",
    ),
    "interrupted": ("已停止", "stopped"),
    # demo
    "demo_as_of": (
        "以下「今年」「去年」按 {date} 理解。", "“This year” and “last year” are meant at {date}."
    ),
    "demo_next": (
        "接下来可以：\n"
        '  wenju ask "你的问题" --index demo    继续问示例资料\n'
        "  wenju index 你的文件夹               读入自己的资料，然后 wenju ask\n"
        "  wenju chat                           在浏览器里问",
        "What to type next:\n"
        '  wenju ask "your question" --index demo    ask the samples more\n'
        "  wenju index YOUR_FOLDER                   read your own documents, then wenju ask\n"
        "  wenju chat                                ask in a browser",
    ),
    # chat page
    "chat_title": ("文据", "wenju"),
    # backup, restore, upgrade, sources move
    "backup_done": (
        "资料库 {name}（{documents} 份文档）已备份到 {file}（{size}）",
        "Library {name} ({documents} documents) is backed up in {file} ({size})",
    ),
    "backup_missing": ("{file} 不存在：检查备份的路径", "{file} is not there: check the path"),
    "restore_done": (
        "资料库 {name} 已恢复，{documents} 份文档，每个字节都核对过",
        "Library {name} is there again: {documents} documents, every byte checked",
    ),
    "upgrade_none": ("资料库 {name} 已是当前格式", "Library {name} is in today's format"),
    "upgrade_done": (
        "资料库 {name} 已升级，{documents} 份文档，未重算向量",
        "Library {name} is upgraded: {documents} documents, nothing was embedded again",
    ),
    "upgrade_parser": (
        "读文件的方式后来改过：加新文档之前，先运行一次 wenju index{index} --rebuild；"
        "在此之前，只要向量模型没换，可以照常提问",
        "Files are read differently since: before it takes in new documents, run once wenju"
        " index{index} --rebuild; until then it can be asked if its embedding model is the same",
    ),
    "sources_moved": (
        "资料库 {name} 的 {n} 个来源文件夹现在位于 {new}",
        "{n} source folders of library {name} are at {new} now",
    ),
    "login_title": ("登录 · 文据", "Log in · wenju"),
    "login_lead": ("这里的资料要钥匙才能看。", "A key opens the documents here."),
    "login_key": ("钥匙", "Key"),
    "login_enter": ("进入", "Enter"),
    "login_wrong": (
        "这把钥匙不对，或已作废；向管理员要一把新的。",
        "This key is wrong or has been revoked; ask for a new one.",
    ),
    "llm_none": (
        "还没有配置语言模型：在 wenju.toml 的 [llm] 里写 base_url 和 model",
        "no language model is set up: write base_url and model under [llm] in wenju.toml",
    ),
    "llm_refused": (
        "服务不认这把密钥（{status}）：检查 WENJU_LLM_API_KEY",
        "the service does not take the key ({status}): check WENJU_LLM_API_KEY",
    ),
    "llm_unknown": (
        "地址上没有模型 {model}（404）：检查 [llm] 的 base_url 和 model",
        "there is no model {model} at this address (404): check base_url and model under [llm]",
    ),
    "llm_failed": (
        "服务答复出错（{status}）：稍后再试，或看它自己的状态页",
        "the service failed ({status}): try later, or look at its status page",
    ),
    "llm_slow": ("等了 {seconds} 秒没有答复：稍后再试", "no reply within {seconds} s: try later"),
    "llm_unreachable": (
        "连不上 {url}：检查地址，服务是否在运行",
        "{url} cannot be reached: check the address, and whether the service is running",
    ),
    "llm_strange": (
        "{url} 的答复看不懂：它可能不是 OpenAI 形式的接口",
        "{url} replies in another form: it may not speak the OpenAI form",
    ),
    # server
    "serve_at": ("服务器：{url}（按 Ctrl-C 停止）", "Server: {url} (Ctrl-C stops it)"),
    "serve_open": (
        "注意：{host} 在这台机器之外也能连上；每个请求都要钥匙，请在前面加一层 HTTPS。",
        "Mind: {host} can be reached from other machines; every request needs a key. Put HTTPS in"
        " front of it.",
    ),
    "serve_no_key": (
        "还没有钥匙，谁也进不来：wenju keys add 用户名",
        "There is no key yet, so nobody gets in: wenju keys add USER",
    ),
    "key_made": (
        "↑ {user} 的钥匙（编号 {id}），只显示这一次；作废：wenju keys revoke {id}",
        "↑ the key of {user} (id {id}), shown this once; to end it: wenju keys revoke {id}",
    ),
    "key_unknown": (
        "没有编号为 {id} 的有效钥匙：wenju keys list 列出全部",
        "no valid key has the id {id}: wenju keys list shows all",
    ),
    "key_revoked": ("钥匙 {id} 已作废，立即生效", "Key {id} is invalid from now on"),
    "key_is_revoked": ("已作废", "revoked"),
    "no_keys": ("还没有钥匙：wenju keys add 用户名", "No key yet: wenju keys add USER"),
    "mcp_missing": (
        "没有装 MCP：pip install 'wenju[mcp]'", "MCP is not installed: pip install 'wenju[mcp]'"
    ),
    "page_loading": ("页面正在加载……", "The page is loading …"),
    "page_failed": (
        "页面没有加载成功，API 可照常使用；原因在服务器的日志里。",
        "The page could not be loaded, the API works; the server's log has the reason.",
    ),
    "bad_host": (
        "{host} 不能作地址（{error}）：用 127.0.0.1，或本机的一个地址",
        "{host} cannot be listened at ({error}): take 127.0.0.1 or an address of this machine",
    ),
    "state_newer": (
        "{path} 由更新版本的 wenju 写成：请升级 wenju",
        "{path} was written by a newer wenju: upgrade wenju",
    ),
    "bad_user": (
        "用户名 {user!r} 不行：1 到 32 个小写字母、数字、- 或 _，以字母或数字开头",
        "{user!r} is no user name: 1 to 32 of a-z, 0-9, - and _, a letter or digit first",
    ),
    "otel_missing": (
        "设了 {variable}，但没有装 OpenTelemetry：pip install 'wenju[otel]'",
        "{variable} is set, but OpenTelemetry is not installed: pip install 'wenju[otel]'",
    ),
    "bad_port": ("{port} 不能作端口：用 1 到 65535 之间的数，如 --port 7860",
                 "{port} is no port: take a number from 1 to 65535, such as --port 7860"),
    "port_taken": (
        "端口 {port} 已被占用：换一个，如 --port {other}",
        "port {port} is taken: choose another, such as --port {other}",
    ),
    "set_locked": (
        "另一个进程占着这个问题集已 {seconds} 秒：等它结束，再试一次",
        "another process has held this question set for {seconds} s: wait for it, then try again",
    ),
}  # fmt: skip


def system_language(environ: Mapping[str, str] | None = None) -> str:
    """ "zh" or "en": `WENJU_LANG`, else English where the locale is English, else Chinese."""
    environ = os.environ if environ is None else environ
    chosen = environ.get("WENJU_LANG")
    if chosen:
        return "en" if chosen.lower().startswith("en") else "zh"
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "en" if locale.lower().startswith("en") else "zh"


def language_of(question: str) -> str:
    """The language that an answer's labels are in: that of its question."""
    return "zh" if _HAN.search(question) else "en"


def pick(chinese: str, english: str) -> str:
    """One of two help texts, in the system's language."""
    return english if system_language() == "en" else chinese


def say(key: str, lang: str | None = None, **values: object) -> str:
    """The message in `lang` (default: the system's), its places filled."""
    chinese, english = _TABLE[key]
    text = english if (lang or system_language()) == "en" else chinese
    return text.format(**values) if values else text
