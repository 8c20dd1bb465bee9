"""The time of a build, in seconds since 1970: SOURCE_DATE_EPOCH, else that of the newest commit, else now."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from ketamine_anki.core.errors import EXIT_USAGE, Failure
from ketamine_anki.workspace.git import committed_at

_1980 = 315_532_800  # a ZIP file has no earlier time


def build_time(folder: Path) -> int:
    """SOURCE_DATE_EPOCH, else the time of the newest commit that touched the folder, else now."""
    given = source_date_epoch()
    if given is not None:
        return given
    now = int(time.time())
    return min(committed_at(folder) or now, now)


def source_date_epoch() -> int | None:
    """SOURCE_DATE_EPOCH (reproducible-builds.org), at least 1980; None if it is not set."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not given:
        return None
    if not re.fullmatch(r"[0-9]{1,10}", given):
        raise Failure(f"SOURCE_DATE_EPOCH is {given!r}: set it to seconds since 1970", EXIT_USAGE)
    return max(int(given), _1980)


def as_utc(seconds: int) -> str:
    """`2026-11-22 13:35:19 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
