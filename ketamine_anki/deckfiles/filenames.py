"""Makes tags and file names from names, and finds file names that some file systems treat as the same."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

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
    """`Trauma & Resuscitation` -> `trauma-and-resuscitation`, `Ärzte` -> `arzte`: a file name for any system."""
    words = "-".join(latin_words(re.sub(r"(?<=\w)#", " sharp ", name).replace("&", " and ").replace("+", " plus ")))
    return f"{words}-deck" if words and unportable(words) else words or "deck"


def latin_words(text: str) -> list[str]:
    """The words of a text in small Latin letters and digits, those of other scripts transliterated."""
    if not text.isascii():
        from anyascii import anyascii  # takes its time, and most texts do without

        text = re.sub("(?<=[a-z])(?=[A-Z])", " ", anyascii(text))  # syllables of Chinese and Korean
    return re.findall(r"[a-z0-9]+", text.lower())


@lru_cache(1 << 12)
def tag_segment(name: str) -> str:
    """A name as a part of a tag: `Trauma & Resuscitation` -> `Trauma_and_Resuscitation`, `C#` -> `C#`."""
    return "_".join("".join(c if _is_of_tags(c) else " " for c in name.replace("&", " and ")).split())


def _is_of_tags(sign: str) -> bool:
    return sign.isalnum() or sign in "-_+#" or unicodedata.category(sign)[0] == "M"  # vowels of Hindi are marks
