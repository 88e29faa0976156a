"""What a single line looks like: heading, list item, caption, front matter, furniture.

Only the line itself is judged here; what its neighbours say is weighed in flow.py.
"""

from __future__ import annotations

import re

_CN = "零〇一二三四五六七八九十百千两"
# (rank, pattern): a smaller rank stands higher in the outline.
_HEADINGS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (1, re.compile(rf"第[{_CN}\d]+[编部篇](?:\s|$|[:：、])\s*")),
    (2, re.compile(rf"第\s?[{_CN}\d]+\s?章\s*")),
    (
        2,
        re.compile(
            r"(?:Chapter|CHAPTER|Part|PART|Appendix|附录|"
            r"附件)\s?[\dIVXA-Z一二三四五六七八九十]{1,4}\b[.:：]?\s*"
        ),
    ),
    (3, re.compile(rf"第\s?[{_CN}\d]+\s?节\s*")),
    (4, re.compile(rf"第\s?[{_CN}\d]+\s?条(?:之[一二三四五])?$")),
    (5, re.compile(r"[一二三四五六七八九十]{1,3}\s?[、．.]\s*(?=\S)")),
    (6, re.compile(r"[（(]\s?[一二三四五六七八九十]{1,3}\s?[）)]\s*、?(?=\S)")),
    (7, re.compile(r"(?:[IVX]{1,5})\.\s+(?=[A-Z])")),
    (9, re.compile(r"\d{1,2}\.\d{1,2}\.?(?![\d.%])\s*(?=[^\d\s,，%万亿元美个倍])")),
    (10, re.compile(r"\d{1,2}\.\d{1,2}\.\d{1,2}\.?(?!\d)\s*(?=[^\d\s])")),
    (8, re.compile(r"\d{1,2}(?:[、．]|\.(?!\d)|\s(?=[A-Z][a-z]))\s*(?=\D)")),
)
NUMBER_RANK = 8  # "1. …" may as well be a list item: neighbours decide
NAMED = re.compile(
    r"(?:前\s?言|提\s?要|引\s?言|导\s?言|绪\s?论|序\s?言|摘\s?要|内容提要|正\s?文|摘要与提纲|"
    r"目\s?录|结\s?语|结\s?论|"
    r"结\s?束\s?语|余\s?论|小\s?结|后\s?记|致\s?谢|附\s?录|附\s?件|参\s?考\s?文\s?献|"
    r"主要参考文献|注\s?释|"
    r"Abstract|ABSTRACT|Summary|Executive Summary|Introduction|INTRODUCTION|Background|Methods|"
    r"Results|Discussion|"
    r"Conclusions?|CONCLUSIONS?|References|REFERENCES|Bibliography|Notes|Appendix|"
    r"Acknowledge?ments|Contents)"
    r"[:：]?"
)
ANNEX = re.compile(r"附(?:[录件表]\s?)?[:：]\s?\S")
BIBLIOGRAPHY = re.compile(
    r"(?:\d*[.、]?\s*)?(?:主要)?(?:参\s?考\s?文\s?献|引用格式|引用文献|References|REFERENCES|"
    r"Bibliography|Works cited).{0,12}"
    r"|.{0,10}引用格式.{0,10}",
)
LIST_ITEM = re.compile(
    r"(?:[•·●■◆▪‣○◦▶➤✓✔►❖]\s*|[*+\-–]\s+(?=\S)|\d{1,3}(?:[、)）．]|\.(?!\d))\s*(?=\S)|"
    r"[（(]\d{1,3}[）)]\s*(?=\S)"
    r"|[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[）)]|"
    r"[a-zA-Z][.)）]\s+(?=\S)|[①-⑳]\s*(?=\S)"
    r"|第[一二三四五六七八九十百千]+条\s)"
)
CAPTION = re.compile(
    r"(?:附?[表圖图]|专栏|(?:Table|TABLE|Figure|FIGURE|Fig\.|Chart|Box)(?=\s?\d+(?:[.:]|\s+[A-Z]|"
    r"$)))"
    r"(?:\s*[\dA-Z一二三四五六七八九十]{1,3}(?:[-.–—－]\d{1,3})*(?:\s|[:：.、]|$|"
    r"(?=[\u4e00-\u9fff]))|\s*[:：])"
)
# "表1列出…，": a sentence that begins with the table's name.
_ABOUT_TABLE = re.compile(r"附?[表圖图]\s?\d{1,3}(?:[-.–—－]\d{1,3})*[\u4e00-\u9fff][^：:]*[，。]")
TABLE_CAPTION = re.compile(r"附?表|Table|TABLE")
SOURCE_NOTE = re.compile(
    r"(?:资料|数据|图表|图片)?来源\s*[:：]|注\s*[:：]|单位\s*[:：]|Sources?\s*[:：]|Notes?\s*[:：]"
)
# A line that begins with none of these is no heading, list, note, caption or furniture.
SPECIAL = re.compile(
    r"[\d一二三四五六七八九十第（(\[［〔【①-⑳\u00b9\u00b2\u00b3\u2070-\u2079•·●■◆▪‣○◦▶➤✓✔►❖*+\-–—"
    r"a-zA-Z^©"
    r"表图附专资数来注单作编关收修基文导本译原转记发时日网首打分上下相推延热猜责校审点阅浏访版免"
    r"京沪粤公咨联技主承当您你微客扫长]"
)
_FRONT_TOP = re.compile(
    r"[【\[（(]?\s*(?:作\s?者|作者单位|文|来\s?源|信息来源|稿件来源|发布时间|发布日期|发文日期|"
    r"成文日期|更新时间|时\s?间|日\s?期|"
    r"发布机构|发文机关|发文字号|文\s?号|索引号|主题分类|公开日期|(?:本[刊报网])?记者|通讯员|"
    r"执\s?笔|编译|译者|翻译|撰稿|撰文|整理|"
    r"Authors?|By|Date|Published|Updated|Source|Publisher|Issued)"
    r"\s*(?:[】\]）)]|[:：]|\s[|丨/]|[|丨/]\s?)"
)
_FRONT_ANY = re.compile(
    r"[【\[（(]?\s*(?:作者简介|作者介绍|作者单位|作者系|编者按|编者注|编者的话|导读|关\s?键\s?词|"
    r"主题词|收稿日期|修回日期|修订日期|录用日期|"
    r"基金项目|项目资助|中图分类号|文献标识码|文章编号|引用格式|DOI|Keywords?|Key words|"
    r"Editor['’]s note|Correspondence)"
    r"\s*(?:[】\]）)]|[:：])"
)
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
# A line that says when it was issued, among other things: dots or bars between, or a date first.
_IMPRINT = re.compile(
    r"[·|｜•].*(?:19|20)\d{2}|(?:19|20)\d{2}\s?年\s?\d{1,2}\s?月.*[·|｜•]"
    r"|^(?:19|20)\d{2}\s?[年.-]\s?\d{1,2}(?:\s?[月.-](?:\s?\d{1,2}(?:\s?日)?)?+)?+(?:[\s|　]|$)"
    rf"|\s{{2,}}{_MONTH}\s+(?:19|20)\d{{2}}$|^.{{3,40}}, {_MONTH} (?:19|20)\d{{2}}$"
)
_FRONT_LINE = re.compile(
    r"(?:原创\s|(?:总?第\s?\d+\s?期|第.{1,8}卷第.{1,6}期|(?:19|"
    r"20)\d{2}年第\s?\d+\s?期)(?:[\s　（(]|$)|(?:本[刊报网])?(?:记者|"
    r"通讯员)[\s　]+[\u4e00-\u9fff]{2,4}(?:[\s　、]|$)|"
    r"AI\s?编译自|本文(?:编译|转载|摘)自|编译自|译自|转载自|By [A-Z][a-z]+ [A-Z])"
)
_DATE_LINE = re.compile(
    r"[（(]?\s*(?:(?:19|20)\d{2}|"
    r"[二一][〇零○九][〇零○一二三四五六七八九]{2})\s*[年./-]\s*[\d一二三四五六七八九十]{1,3}\s*(?"
    r":[月./-]\s*(?:[\d一二三四五六七八九十]{1,3}\s*日?)?)?"
    r"\s*(?:(?:星期|周)[一二三四五六日天])?\s*(?:\d{1,2}:\d{2}(?::\d{2})?)?\s*[）)]?$"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|"
    r"December)\s+\d{1,2},?\s+\d{4}$"
    r"|\d{1,2}\s+(?:January|February|March|April|May|June|July|August|September|October|November|"
    r"December)\s+\d{4}$"
)
_NAME = "(?:[\u4e00-\u9fff]{2,4}|[\u4e00-\u9fff] [\u4e00-\u9fff])(?:[（(][^）)]{2,30}[）)])?"
NAMES = re.compile(rf"{_NAME}(?:[\s、，,]+{_NAME})*$")
_LATIN_NAME = r"[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*| (?:de|van|von|der|la|al)){1,4}"
LATIN_NAMES = re.compile(
    rf"{_LATIN_NAME}(?:(?:,? and |,? & |, ){_LATIN_NAME})* ?\([^()]*(?:University|School|Institute|"
    r"College|Cent(?:er|re)|Department|Faculty|Academy|Laborator|Bank|Council)[^()]*\)$"
)
BODY_NAME = re.compile(
    r"\S{2,24}(?:研究所|研究院|研究室|工作室|实验室|事务所|大学|学院|研究中心|智库|课题组|编辑部|"
    r"编写组|委员会|出版社|有限公司|日报社?|周刊|通讯社|协会|学会|人民政府|办公厅|办公室)"
)
_FURNITURE_WHOLE = re.compile(
    r"(?:网站|返回)?首页|返回(?:顶部|列表|上页|上一页)?|打印(?:本页|此页|文章)?|关闭(?:窗口|"
    r"本页)?|收藏(?:本页)?|下载(?:全文|PDF|APP)?|全屏|分享|"
    r"加大|还原|减小|大|中|小|默认|无障碍(?:阅读)?|长者(?:模式|版)|English|EN|繁體|繁体|简体|"
    r"登录|登入|订阅|登入／订阅|主页|注册|搜索|评论|点赞|转发|举报|"
    r"上一[篇页条]|下一[篇页条]|没有了|更多|更多>>?|展开|收起|点击(?:查看|下载|进入|展开).{0,10}|"
    r"Share|Tweet|Print|Email|Subscribe|Sign in|Log in|Login|Menu|Home|Search|Next|Previous|"
    r"Skip to (?:main )?content|Back to top|"
    r"Advertisement|广告|END|扫一扫.{0,24}|微信扫.{0,24}|长按.{0,20}"
    r"|预览时标签不可点|(?:继续|向上)滑动看下一个|轻触阅读原文"
)
_FURNITURE_HEAD = re.compile(
    r"(?:(?:网站)?首页\s*(?:[>›»|/·]|\s)|【?字[号体](?:大小)?\s*[:：]|分享(?:到|至|按钮|本文)|"
    r"上一[篇页条]\s*[:：]|下一[篇页条]\s*[:：]|"
    r"【?相关(?:阅读|新闻|链接|推荐|文章|报道|专题|文档)|推荐阅读|延伸阅读|热门(?:文章|推荐|新闻|"
    r"点击)|猜你喜欢|"
    r"[\[【（(]?\s*(?:责任编辑|责编|编\s?辑|校\s?对|审\s?核|网络编辑|值班编辑|审校|排版|美编|"
    r"监制|Editor)\s*[:：】]|"
    r"(?:本文|文章)?(?:点击(?:数|量|率)|阅读(?:量|数|次数)|浏览(?:量|次数)|访问量)|网友评论|"
    r"版权(?:所有|声明|归)|著作权声明|免责声明|(?:[Cc]opyright|COPYRIGHT|©|\(c\))\s?|"
    r"All [Rr]ights [Rr]eserved|"
    r"[\u4e00-\u9fa5]{1,2}ICP[备证]|[\u4e00-\u9fa5]?公网安备|网站标识码|咨询(?:电话|热线)|"
    r"联系(?:我们|电话|方式)|关于我们|网站地图|技术支持|"
    r"主办单位|承办单位|(?:当前|您?(?:所在)?|您现在的?|你的?)位置\s*[:：]|扫码关注|关注(?:我们|"
    r"公众号)|微信公众号|客户端下载|"
    r"Follow us|Related (?:articles|stories|posts)|Read more|Privacy [Pp]olicy|"
    r"Terms of (?:[Uu]se|[Ss]ervice)|Cookie|You are here)"
)
_RIGHTS = re.compile(
    r"版权所有|ICP[备证]\d|公网安备|All rights reserved|使用\s?Cookies?", re.IGNORECASE
)
_COUNTER = re.compile(r"(?:19|20)\d{2}[-./年]\d{1,2}[-./月]\d{1,2}日?\s*(?:点击|阅读|浏览).{0,20}")
_TRAIL = re.compile(r"\S{1,12}(?:\s*[>›»]\s*\S{1,20}){2,}|\S{2,8}(?:\s*[|｜]\s*\S{2,8}){3,}")
PAGE_NUMBER = re.compile(
    r"[-–—·•]+\s?\d{1,4}\s?[-–—·•]+|第\s?\d{1,4}\s?页(?:\s?[，,/／]?\s?共\s?\d{1,4}\s?页)?|"
    r"(?:Page|PAGE|page|p\.)\s?\d{1,4}(?:\s?(?:of|/)\s?\d{1,4})?|\d{1,4}\s?/\s?\d{1,4}"
)
_TERMINAL = re.compile(
    r"(?:[。！？!?；;：:…]|"
    r"(?<![.\s])(?<!\bpp)(?<!\bp)(?<!Vol)(?<!No)(?<!Mr)(?<!Dr)(?<!Mrs)(?<!al)(?<!\b[A-Z])\.)"
    r"[”’\"'」』）)】》\]]*(?:\s*(?:\^?[\[［]\d{1,3}[\]］]|[①-⑳]|"
    r"[\u00b9\u00b2\u00b3\u2070-\u2079]+))*\s*$"
)


_SIMPLER = str.maketrans(
    "責編輯熱門導讀轉發權聲關於聯絡繫頁訂閱鐘擊閱覽時間來發佈記譯簡體繁無障礙長讚評論鏈結條標題"
    "複製連結錄註冊隱廣",
    "责编辑热门导读转发权声关于联络系页订阅钟击阅览时间来发布记译简体繁无障碍长赞评论链结条标题"
    "复制连结录注册隐广",
)


def is_terminal(line: str) -> bool:
    """The line ends as a sentence does; closing quotes, brackets and note markers may follow."""
    return _TERMINAL.search(line, max(0, len(line) - 24)) is not None


def heading_rank(line: str) -> int | None:
    """Rank of a numbered heading (smaller is higher), None for anything else."""
    if len(line) > 60 or is_sentence(line):
        return None
    for rank, pattern in _HEADINGS:
        match = pattern.match(line)
        if match:
            return rank if rank != 10 or match.group().count(".") >= 2 else 9
    return None


def is_sentence(line: str) -> bool:
    """Ends in a full stop, or holds one: no heading does. A question may be a heading."""
    return (
        "。" in line
        or line.endswith(("；", ";", "：", ":", "，", ",", "、"))
        or (line.endswith(".") and len(line) > 3)
    )


def is_front(line: str, *, near_top: bool) -> bool:
    """Front matter: what names itself so, and near the top also bylines and dates."""
    if len(line) <= 160:
        line = line.translate(_SIMPLER)
    if _FRONT_ANY.match(line):
        return True
    if not near_top or len(line) > 120 or (len(line) > 40 and line[-1] in "。？！"):
        return False
    if _FRONT_TOP.match(line) or _FRONT_LINE.match(line) or _DATE_LINE.match(line):
        return True
    return len(line) <= 90 and not is_terminal(line) and _IMPRINT.search(line) is not None


def is_caption(line: str) -> bool:
    """Names a table or a figure: short, and no sentence unless it says so with a colon."""
    if len(line) > 140 or not CAPTION.match(line):
        return False
    if _ABOUT_TABLE.match(line):
        return False
    most = 140 if len(line) > 2 * sum(c > "\x7f" for c in line) else 60
    return len(line) <= most and (not line.endswith("。") or line[1:2] in ":：")


def is_date(line: str) -> bool:
    return _DATE_LINE.match(line) is not None


def is_furniture(line: str) -> bool:
    """Web furniture that the line gives away by itself."""
    if len(line) > 200:
        return False
    line = line.translate(_SIMPLER)
    if _FURNITURE_WHOLE.fullmatch(line.strip("【】[]|·")):
        return True
    if _FURNITURE_HEAD.match(line):
        return len(line) <= 60 or line.startswith(
            ("版权", "免责", "著作权", "Copyright", "©", "COPYRIGHT")
        )
    if len(line) <= 120 and _RIGHTS.search(line):
        return True
    return _COUNTER.fullmatch(line) is not None or (
        len(line) <= 80 and "<" not in line and _TRAIL.fullmatch(line) is not None
    )
