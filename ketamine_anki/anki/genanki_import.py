"""genanki, imported without asyncio. Other modules import genanki from here.

genanki takes `cached_property` from a library of that name, which imports asyncio: 75 ms of CPU, an eighth of a build
of 130 notes, for a class that functools has, too. While genanki is imported, functools stands in for that library.
"""

from __future__ import annotations

import functools
import sys

_is_stand_in = sys.modules.setdefault("cached_property", functools) is functools
try:
    import genanki
except ImportError:  # pragma: no cover - a version of genanki that needs more of the library
    sys.modules.pop("cached_property")
    import genanki
finally:
    if _is_stand_in:
        sys.modules.pop("cached_property", None)
from genanki.apkg_col import APKG_COL  # noqa: E402
from genanki.apkg_schema import APKG_SCHEMA  # noqa: E402

__all__ = ["APKG_COL", "APKG_SCHEMA", "genanki"]
