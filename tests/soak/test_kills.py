"""SIGKILL at random moments: nothing is lost, doubled or changed."""

from __future__ import annotations

import random
import time

import h5py
import pytest

from soak.soaking import SmallStudy, descendants, kill_group, sleep_up_to, wait_for_end

KILLS = 20
SECONDS_TO_END = 2.0


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The study without any interruption."""
    study = SmallStudy(tmp_path_factory.mktemp("whole") / "study")
    begin = time.monotonic()
    study.finish()
    study.seconds = time.monotonic() - begin
    return study


def readable_checkpoints(study):
    """The best weights that are there, each opened to its last array.

    What a killed writer has left beside them is none.
    """
    found = list((study.root / "checkpoints").glob("*/*/*.weights.h5"))
    for path in found:
        with h5py.File(path) as file:
            file.visititems(lambda _, item: item[()] if isinstance(item, h5py.Dataset) else None)
    return {path.parent for path in found}


def test_a_study_killed_twenty_times_ends_as_if_it_never_was(tmp_path, whole, tell):
    study, source = SmallStudy(tmp_path / "study"), random.Random(20261124)
    done, checkpoints, kills = set(), set(), 0
    for _ in range(KILLS):
        process = study.start()
        # Twenty of them, each with a new start, are about as long as the whole study.
        sleep_up_to(0.35 * whole.seconds, source)
        kills += process.poll() is None
        kill_group(process)
        assert done <= study.done()
        assert checkpoints <= readable_checkpoints(study)
        done, checkpoints = study.done(), readable_checkpoints(study)
    study.finish()
    assert kills > KILLS / 2
    assert len(study.table()) == 14
    assert study.table() == whole.table()
    assert study.computed() == whole.computed()
    tell(f"SIGKILL of a study's process group: {kills} of {KILLS} came before its end")


def test_no_child_outlives_a_killed_parent(tmp_path, tell):
    study, source = SmallStudy(tmp_path / "study", seeds=100), random.Random(7)
    left, seen, lost = [], 0, []
    for _ in range(KILLS):
        process = study.start()
        sleep_up_to(14.0, source)
        children = descendants(process)
        process.kill()
        process.wait()
        left += wait_for_end(children, SECONDS_TO_END)
        seen += len(children)
        process.stdout.close()
        lost += study.lost_epochs()
    assert left == []
    assert seen > KILLS
    tell(
        f"SIGKILL of {KILLS} parents: {seen} children, none left after {SECONDS_TO_END} s; "
        f"{len(lost)} unfinished runs were left, {sum(number <= 1 for number in lost)} of them "
        "with all their epochs saved, or all but the last"
    )
