"""Foreign HTML made harmless: only text markup passes, everything else is shown as the text it is."""

from __future__ import annotations

from functools import cache

from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbconvert.preprocessors.sanitize import SanitizeHTML

TAGS = [
    *("a", "abbr", "blockquote", "br", "caption", "code", "dd", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "hr"),
    *("li", "ol", "p", "pre", "small", "span", "strong", "sub", "sup"),
    *("table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
]
ATTRIBUTES = {
    "*": ["class", "title"],
    "a": ["href", "title"],
    "td": ["class", "colspan", "rowspan"],
    "th": ["class", "colspan", "rowspan", "scope"],
}


@cache
def _sanitiser() -> SanitizeHTML:
    return SanitizeHTML(tags=TAGS, attributes=ATTRIBUTES, strip=False)


def clean(markup: str) -> str:
    """HTML with nothing that runs, loads or styles; forbidden elements are escaped, not dropped."""
    return str(_sanitiser().sanitize_html_tags(markup))


def markdown(source: str) -> str:
    """Markdown as clean HTML."""
    return clean(markdown2html_mistune(source))
