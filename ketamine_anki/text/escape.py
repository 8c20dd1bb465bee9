"""The HTML of pictures, the addresses that a link may have, and advice on what to write instead of typed HTML."""

from __future__ import annotations

import re

from ketamine_anki.core.escape import html as escape

_LINK = r"(?i)(?:https?://(?![/\\])|mailto:)[^\s<>\"'`\\{}]+"
_USER = "(?i)https?://[^/?#]*@"

_MARKDOWN_FOR = {  # HTML's tags
    tag: instead
    for tags, instead in (
        ("b strong", "write **words**"),
        ("i em", "write *words*"),
        ("sub sup", "write a character such as \u2082 or \u00b2, or $_{2}$ or $^{2}$"),
        ("br div p", "start a new line"),
        ("ul ol li", "write each item on a line that starts with '- '"),
        ("table tr td th", "write a table of | signs"),
        ("code pre", "write `code`"),
        ("a", "write [label](https://example.org)"),
        ("img", "write ![what one sees](name.png)"),
    )
    for tag in tags.split()
}


def image(name: str, alt: str) -> str:
    """The HTML of a picture, by its name in the package."""
    return f'<img src="{escape(name, quote=True)}" alt="{escape(alt, quote=True)}">'


def link_mistake(address: str) -> str:
    """Why no link may have this address, and what to write instead; "" if one may."""
    if re.match(_USER, address):
        return "the part before @ is not where it leads; leave it out"
    if re.fullmatch(_LINK, address):
        return ""
    for scheme, form in (("mailto:", r"[^\s:/]+@[\w.-]+"), ("https://", r"(?i)www\.[\w-]+\.[^\s]+")):
        if re.fullmatch(form, address) and re.fullmatch(_LINK, scheme + address):
            return f"write {scheme}{address}"
    return "only http, https and mailto addresses"


def instead_of_html(tag: str, content: str) -> str:
    """What to write instead of HTML, which may be the address of a page or a mailbox in angle brackets."""
    scheme, colon, rest = content.partition(":")
    address = f"{scheme.lower()}:{rest}" if colon else content
    mistake = link_mistake(address)
    if mistake.startswith("write "):
        address = mistake.removeprefix("write ")
    elif ":" not in tag and "@" not in tag:
        if tag and "=" not in content and re.search(r"\s\w", content):
            return "write a space after < to show it"
        instead = _MARKDOWN_FOR.get(tag)
        return f"{instead}; to show it, put it in `code`" if instead else "put it in `code` to show it, or leave it out"
    elif mistake:
        return f"{mistake}; to show it, put it in `code`"
    return "link it from words, as [label](address)" if set("()") & set(address) else f"write [label]({address})"
