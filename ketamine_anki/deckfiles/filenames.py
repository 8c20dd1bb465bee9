"""Which names a file of a collection may have, so that it is the same file on every system."""

from __future__ import annotations

import re
import unicodedata

from ketamine_anki.core.characters import refused
from ketamine_anki.core.limits import MAX_FILE_NAME

# Windows opens these as devices, whatever the ending; the superscript digits count as digits there.
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


def unportable(name: str) -> str:
    """Why a file name does not work everywhere, or "".

    Source: Microsoft, Naming Files, Paths, and Namespaces; Git's protection of NTFS and HFS+.
    """
    if _DEVICE.fullmatch(name):
        return "Windows reserves this name: choose another"
    if found := _FORBIDDEN.search(name):
        return f"Windows allows no {found[0]!r} in a name: choose another"
    if name != name.strip(" .") or len(name.encode("utf-8", "surrogateescape")) > MAX_FILE_NAME:
        return f"a name must not start or end with a space or a dot, and has at most {MAX_FILE_NAME} bytes"
    if odd := next(refused(name), None):
        return f"{odd[1]} in the file name: choose another"
    return ""


def folded(name: str) -> str:
    """The name as a file system sees it that knows neither case nor composition of letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def clash(name: str, earlier: dict[str, str]) -> str:
    """Why a name is the same file as an earlier one on Windows or macOS, or "". Notes the name in `earlier`."""
    other = earlier.setdefault(folded(name), name)
    if other == name:
        return ""
    how = "case" if name.casefold() != other.casefold() or name.isascii() else "composition"
    return f"name differs only in {how} from {other!r}"


def slug(name: str) -> str:
    """`Trauma & Resuscitation` -> `trauma-and-resuscitation`: a file name for any system."""
    words = "-".join(re.findall(r"[a-z0-9]+", name.lower().replace("&", " and "))) or "deck"
    return f"{words}-deck" if unportable(words) else words
