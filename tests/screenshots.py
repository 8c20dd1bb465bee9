"""Pictures of the cards, by name: `python tests/screenshots.py contact OUT` or `… readme`.

`contact` takes every card of the deck as real Anki renders it, question and answer, and lays them
out on contact sheets, by day, by night and on a phone: they are made to be looked at. `readme` takes
the pictures of the README anew. Needs Chromium, `anki` and Pillow.
"""

from __future__ import annotations

import argparse
import html
import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import browser
import engine
from PIL import Image
from playwright.sync_api import Browser
from program import REPOSITORY, run

from ketamine_anki.mathml import with_mathml

PICTURES = REPOSITORY / ".github" / "images"
LARGEST = 200_000  # bytes of a picture in the README
PER_SHEET = 24
# As Anki's desktop window, and AnkiDroid on a phone, name their elements.
LOOKS = {
    "day": ("linux chrome", "card card{n} isLin", 560),
    "night": ("linux chrome night-mode", "card card{n} isLin nightMode night_mode", 560),
    "phone": ("mobile android linux js", "card card{n}", 360),
    "phone-night": ("mobile android linux js", "card card{n} night_mode nightMode", 360),
}


def window(face: engine.Face, side: str, look: str) -> str:
    """One side of a card as the HTML of Anki's window; MathML stands in for MathJax."""
    root, body, _ = LOOKS[look]
    ground = "#2c2c2c" if "night" in look else "#ffffff"
    return (
        f'<!DOCTYPE html><html class="{root}" style="background:{ground}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><body class="{body.format(n=face.ordinal + 1)}">'
        f'<div id="qa">{with_mathml(getattr(face, side))}</div></body></html>'
    )


@contextmanager
def collection() -> Iterator[tuple[list[engine.Face], Path]]:
    """Every card of the deck, imported into real Anki, and the folder of its pictures."""
    with tempfile.TemporaryDirectory() as folder:
        built = run("build", REPOSITORY / "decks", "-o", folder)
        if built.code:
            sys.exit(built.out + built.err)
        col = engine.open_collection(Path(folder))
        engine.import_package(col, next(Path(folder).glob("*.apkg")))
        yield engine.rendered(col), Path(col.media.dir())
        col.close()


def sheet(faces: Sequence[engine.Face], look: str) -> str:
    """A page with windows side by side: for each card its name, its question, its answer."""
    width = LOOKS[look][2]
    cells = "".join(
        f"<figure><figcaption>{face.note_id} {face.ordinal + 1}</figcaption>"
        + "".join(
            f'<iframe width="{width}" srcdoc="{html.escape(window(face, side, look))}"></iframe>'
            for side in ("question", "answer")
        )
        + "</figure>"
        for face in faces
    )
    ground = "#111111" if "night" in look else "#c8ced4"
    return (
        f"<!DOCTYPE html><meta charset='utf-8'><style>body{{margin:8px;background:{ground};columns:{width}px;"
        f"column-gap:10px;width:{4 * (width + 10)}px}}figure{{margin:0 0 14px;break-inside:avoid;}}"
        "figcaption{font:bold 13px sans-serif;color:#777777}iframe{border:0;display:block;margin-bottom:3px}</style>"
        f"{cells}"
    )


def contact(chromium: Browser, out: Path, looks: Sequence[str]) -> None:
    """Writes the contact sheets."""
    out.mkdir(parents=True, exist_ok=True)
    with collection() as (faces, media):
        for look in looks:
            for number, first in enumerate(range(0, len(faces), PER_SHEET), 1):
                page = chromium.new_page(viewport={"width": 4 * (LOOKS[look][2] + 10) + 16, "height": 800})
                made = media / "sheet.html"  # beside the pictures, so that Chromium finds them
                made.write_text(sheet(faces[first : first + PER_SHEET], look), encoding="utf-8")
                page.goto(made.as_uri(), wait_until="load")
                page.evaluate(
                    "document.querySelectorAll('iframe').forEach((one) => {"
                    "one.style.height = one.contentDocument.documentElement.offsetHeight + 'px'; })"
                )
                page.screenshot(path=str(out / f"{look}-{number:02d}.png"), full_page=True)
                page.close()


def readme(chromium: Browser) -> None:
    """Writes the README's pictures: one card by day, one by night and on a phone, the preview page."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with collection() as (faces, media):
        for name, note_id, side, look, width in (
            ("card-day", "cpp-map-falls", "answer", "day", 640),
            ("card-night", "cpp-map-falls", "answer", "night", 640),
            ("card-phone", "cpp-map-falls", "answer", "phone", 375),
        ):
            face = next(face for face in faces if face.note_id == note_id)
            made = media / "card.html"
            made.write_text(window(face, side, look), encoding="utf-8")
            page = chromium.new_page(viewport={"width": width, "height": 100}, device_scale_factor=1.5)
            page.goto(made.as_uri())
            save(page.screenshot(full_page=True), PICTURES / f"{name}.png")
            page.close()


def save(png: bytes, path: Path) -> None:
    """Writes a screenshot with 128 colors; stops if that is still too large for a README."""
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        sys.exit(f"{path}: {path.stat().st_size:,} bytes: at most {LARGEST:,}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take pictures of the cards.")
    commands = parser.add_subparsers(dest="command", required=True)
    asked = commands.add_parser("contact", help="contact sheets of the whole deck")
    asked.add_argument("out", type=Path)
    asked.add_argument("--look", choices=LOOKS, action="append")
    commands.add_parser("readme", help="the README's pictures")
    arguments = parser.parse_args()
    with browser.chromium() as made_browser:
        if arguments.command == "contact":
            contact(made_browser, arguments.out, arguments.look or list(LOOKS))
        else:
            readme(made_browser)
