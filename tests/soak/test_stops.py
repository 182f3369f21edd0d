"""Ctrl-C and SIGTERM at random moments: out within seconds, in order, saved, without a child."""

from __future__ import annotations

import random
import signal
import statistics
import time

import pytest

from soak.soaking import SmallStudy, descendants, sleep_up_to, wait_for_end

STOPS = 20
SECONDS_TO_END = 5.0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_is_quick_and_clean(tmp_path, number, code, tell):
    study, source = SmallStudy(tmp_path / "study", seeds=100), random.Random(code)
    times, lost = [], []
    for _ in range(STOPS):
        process = study.start()
        moment = sleep_up_to(16.0, source)
        children = descendants(process)
        begin = time.monotonic()
        process.send_signal(number)
        output = process.communicate(timeout=60)[0]
        seconds = time.monotonic() - begin
        assert process.returncode == code, (moment, output)
        assert seconds < SECONDS_TO_END, (moment, output)
        assert "Traceback" not in output, (moment, output)
        assert wait_for_end(children, 1.0) == [], (moment, output)
        lost += study.lost_epochs()
        assert max(lost, default=0) <= 1, (moment, lost)
        times.append(seconds)
    tell(
        f"{signal.Signals(number).name}: exit {code} after a median of "
        f"{statistics.median(times):.2f} s [{min(times):.2f}-{max(times):.2f}], n = {STOPS}; "
        f"{len(lost)} unfinished runs were left, each with all its epochs saved but {max(lost)}"
    )
