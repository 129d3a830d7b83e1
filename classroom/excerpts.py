"""What a slide shows of a markdown text, as HTML."""

import html
import re

from nbconvert.filters import markdown2html_mistune

WORDS = 90  # of the paragraphs that stand on a slide
CHART = re.compile(r"```mermaid\n(.*?)\n```\s*(?:\n\n(.+?)(?=\n\n|\Z))?", re.DOTALL)


def rendered(text: str) -> str:
    """Markdown as HTML; charts and links to other files are no part of notes."""
    text = CHART.sub(lambda chart: chart[2] or "", text)
    page = re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", text)
    return re.sub(r'<a class="anchor-link".*?</a>', "", markdown2html_mistune(page))


def excerpt(text: str, words: int = WORDS) -> str:
    """The first sentences of a paragraph, as many as fit; one at least."""
    sentences = re.split(r"(?<=[.?!:])\s+(?=[A-Z(*`$\d])", " ".join(text.split()))
    kept = sentences[:1]
    for sentence in sentences[1:]:
        if len(" ".join([*kept, sentence]).split()) > words:
            break
        kept.append(sentence)
    return " ".join(kept)


def blocks(text: str) -> list[str]:
    """Paragraphs, lists, equations, tables and listings of a markdown text."""
    text = re.sub(r"(?m)^((?![-|\s\d]).*)\n(?=- |1\. )", r"\1\n\n", text)  # a list by itself
    whole = re.findall(r"```.*?```|\$\$.*?\$\$|(?:(?!\n\n|```|\$\$).)+", text, re.DOTALL)
    return [block.strip() for block in whole if block.strip()]


def chart(code: str, told: str) -> str:
    label = html.escape(re.sub(r"[*`]", "", told or "A chart"), quote=True)
    return f'<div class="mermaid" role="img" aria-label="{label}">{html.escape(code)}</div>'


def chosen(text: str) -> list[str]:
    """What a slide shows of a text, as HTML: its first paragraphs, equations, lists and tables."""
    found, left = [], WORDS
    for block in blocks(CHART.sub("", text)):
        if block.startswith(("$$", "|", "- ", "1. ", "```", "Difficulty")):
            found.append(rendered(block))
        elif left > 20 and not block.startswith(("**Further reading", "**Next")):
            kept = excerpt(block, left)
            found.append(rendered(kept))
            left -= len(kept.split())
    return found
