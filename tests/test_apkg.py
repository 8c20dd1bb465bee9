"""Packages are read whole, or refused with one sentence; whatever they hold."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hostile_packages import CASES

MEASURE = """
import json, resource, sys, time
from ketamine_anki.apkg import PackageError, read_package
for line in sys.stdin:
    name, path = json.loads(line)
    start = time.monotonic()
    with open(path, "rb") as file:
        data = file.read()
    try:
        contents = read_package(data)
        said = ""
        for picture in contents.media:
            contents.media[picture]
    except PackageError as error:
        said = str(error)
    data = contents = None
    print(json.dumps([name, said, time.monotonic() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """{case: (sentence or "", seconds, peak MB so far)}, all read by one fresh process."""
    folder = tmp_path_factory.mktemp("hostile")
    asked = []
    for name, _, make in CASES:
        path = folder / f"{name}.apkg"
        path.write_bytes(make())
        asked.append(json.dumps([name, str(path)]))
    before = sorted(folder.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], input="\n".join(asked), capture_output=True, text=True, cwd=folder,
        env={"PYTHONPATH": ":".join(sys.path)}, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(folder.iterdir()) == before, "nothing is written"
    return {name: rest for name, *rest in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize(("name", "sentence"), [case[:2] for case in CASES], ids=[case[0] for case in CASES])
def test_a_package_is_read_or_refused_with_the_stated_sentence(outcomes, name, sentence):
    said, seconds, _ = outcomes[name]
    if sentence:
        assert any(part in said for part in sentence.split("|")), said
        assert said.isprintable()
        assert len(said) < 200
    else:
        assert said == ""
    assert seconds < 5


def test_no_package_takes_over_300_mb(outcomes):
    name, (*_, peak) = max(outcomes.items(), key=lambda item: item[1][2])
    assert peak < 300, name
