"""Foreign HTML made harmless: only text markup passes, everything else is shown as the text it is."""

from __future__ import annotations

import re
from functools import cache

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors.sanitize import SanitizeHTML

TAGS = [
    *("a", "abbr", "blockquote", "br", "caption", "code", "dd", "details", "div", "dl", "dt", "em"),
    *("h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "small", "span", "strong", "sub", "summary", "sup"),
    *("table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
]
ATTRIBUTES = {
    "*": ["class", "title"],
    "a": ["href", "title"],
    "td": ["class", "colspan", "rowspan"],
    "th": ["class", "colspan", "rowspan", "scope"],
}

#: Style elements that tables bring for notebooks; the page has its own style.
STYLE = re.compile(r"<style\b[^>]*>.*?</style\s*>", re.DOTALL | re.IGNORECASE)


@cache
def _sanitiser() -> SanitizeHTML:
    # nbconvert and its traitlets leave these calls untyped
    return SanitizeHTML(tags=TAGS, attributes=ATTRIBUTES, strip=False)  # type: ignore[no-untyped-call]


def clean(markup: str) -> str:
    """HTML with nothing that runs, loads or styles; forbidden elements are escaped, not dropped."""
    return str(_sanitiser().sanitize_html_tags(STYLE.sub("", markup)))  # type: ignore[no-untyped-call]


def markdown(source: str) -> str:
    """Markdown as clean HTML, headings without anchors."""
    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
    return clean(MarkdownWithMath(renderer=renderer).render(source))
