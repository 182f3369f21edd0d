from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from generated_runs import write_run
from rich.console import Console

from mnist_keras.config import RunConfig
from mnist_keras.running import progress as module
from mnist_keras.running.progress import BarDisplay, LineDisplay, progress_display
from mnist_keras.workers.execution import Place, Progress, Task

FIRST, SECOND, THIRD = (
    RunConfig(architecture="shallow", epochs=10, seed=seed) for seed in range(3)
)
TASKS = [Task(FIRST), Task(SECOND), Task(THIRD)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("here", tmp_path / "logs", tmp_path / "checkpoints")


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock of the lines on."""
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


def write_epochs(place: Place, config: RunConfig, count: int, done: bool = False) -> None:
    accuracies = [0.9 + 0.005 * epoch for epoch in range(count)]
    write_run(place.logs, place.study, config, {"val_accuracy": accuracies}, done=done)


def run(progress: Progress, *configs: RunConfig) -> None:
    progress.running.update({config.name: config for config in configs})


def end(progress: Progress, config: RunConfig, cause: str = "") -> None:
    progress.running.pop(config.name, None)
    if cause:
        progress.failed[config.name] = cause
    else:
        progress.done.append(config.name)


# Lines


def test_every_trial_that_ends_is_told_once_with_the_cause_of_its_failure(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    display, progress = LineDisplay(place), Progress(TASKS)
    display.update(progress)
    assert capsys.readouterr().err == ""
    end(progress, FIRST)
    for _ in range(3):
        display.update(progress)
    assert capsys.readouterr() == ("", f"[1/3] {FIRST.name} done\n")
    end(progress, SECOND, "it ran out of memory")
    end(progress, THIRD)
    for _ in range(3):
        display.update(progress)
    assert sorted(capsys.readouterr().err.splitlines()) == [
        f"[2/3] {THIRD.name} done",
        f"[3/3] {SECOND.name} failed: it ran out of memory",
    ]


def test_running_trials_are_told_now_and_then(
    place: Place, pass_time: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    display, progress = LineDisplay(place), Progress(TASKS)
    run(progress, FIRST, SECOND)
    display.update(progress)
    write_epochs(place, FIRST, 3)
    pass_time(29)
    display.update(progress)
    assert capsys.readouterr().err == ""
    pass_time(1)
    display.update(progress)
    display.update(progress)
    # 3 of 30 epochs in 30 s: 27 more take 270 s.
    assert capsys.readouterr().err == (
        f"3/30 epochs, about 4 min left; {FIRST.name}: epoch 3/10, validation accuracy 91.00 %; "
        f"{SECOND.name}: begins\n"
    )


def test_without_an_epoch_no_time_is_guessed(
    place: Place, pass_time: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    display, progress = LineDisplay(place), Progress(TASKS)
    run(progress, FIRST)
    display.update(progress)
    pass_time(100)
    display.update(progress)
    assert capsys.readouterr().err == f"0/30 epochs; {FIRST.name}: begins\n"


def test_epochs_of_an_earlier_start_do_not_count_for_the_speed(
    place: Place, pass_time: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    write_epochs(place, FIRST, 4)
    write_epochs(place, THIRD, 5)
    display, progress = LineDisplay(place), Progress(TASKS)
    run(progress, FIRST)
    display.update(progress)
    write_epochs(place, FIRST, 6)
    pass_time(40)
    display.update(progress)
    # 2 new epochs in 40 s; 6 and 5 of 30 are done: 19 more take 380 s.
    assert capsys.readouterr().err.startswith("11/30 epochs, about 6 min left; ")


def test_epochs_that_early_stopping_spares_count_as_done(
    place: Place, pass_time: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    display, progress = LineDisplay(place), Progress(TASKS)
    run(progress, FIRST, SECOND)
    display.update(progress)
    write_epochs(place, FIRST, 4, done=True)
    end(progress, FIRST)
    pass_time(30)
    display.update(progress)
    assert "10/30 epochs, about 60 s left; " in capsys.readouterr().err


def test_under_fresh_the_epochs_of_the_old_run_do_not_count(
    tmp_path: Path, pass_time: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place("here", tmp_path / "logs", tmp_path / "checkpoints", fresh=True)
    write_epochs(place, FIRST, 10, done=True)
    display, progress = LineDisplay(place), Progress(TASKS)
    run(progress, FIRST)
    display.update(progress)
    pass_time(30)
    display.update(progress)
    assert capsys.readouterr().err == f"0/30 epochs; {FIRST.name}: begins\n"


def test_an_accuracy_that_the_epoch_is_selected_by_on_the_test_set_is_marked(
    place: Place, pass_time: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    config = FIRST.replace(validation="test")
    display, progress = LineDisplay(place), Progress([Task(config)])
    write_epochs(place, config, 2)
    run(progress, config)
    pass_time(30)
    display.update(progress)
    line = capsys.readouterr().err
    assert "validation accuracy 90.50 % (selected on the test set)\n" in line


# The bar


def terminal(width: int = 120) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=True, width=width, highlight=False, color_system=None
    )


def drawn(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_bar_counts_epochs_and_shows_the_running_trials(place: Place) -> None:
    console, progress = terminal(), Progress(TASKS)
    write_epochs(place, SECOND, 4)
    with BarDisplay(place, console) as display:
        end(progress, FIRST)
        run(progress, SECOND, THIRD)
        display.update(progress)
        display.live.refresh()
    text = drawn(console)
    assert "here" in text
    assert "14/30 epochs, left" in text
    assert f"  {SECOND.name}: epoch 4/10, validation accuracy 91.50 %" in text
    assert f"  {THIRD.name}: begins" in text


def test_the_bar_keeps_a_line_for_a_trial_that_failed(place: Place) -> None:
    console, progress = terminal(), Progress(TASKS)
    with BarDisplay(place, console) as display:
        end(progress, FIRST, "[it] ran out of memory")
        end(progress, SECOND)
        for _ in range(3):
            display.update(progress)
    text = drawn(console)
    assert text.count(f"{FIRST.name} failed: [it] ran out of memory") == 1
    assert SECOND.name not in text


def test_a_narrow_terminal_cuts_lines_instead_of_wrapping_them(place: Place) -> None:
    console, progress = terminal(width=40), Progress(TASKS)
    run(progress, FIRST)
    with BarDisplay(place, console) as display:
        display.update(progress)
        display.live.refresh()
    lines = [line for line in drawn(console).splitlines() if "shallow-" in line]
    assert lines
    assert all("…" in line and "begins" not in line for line in lines)


def test_the_bar_gives_the_terminal_back_when_the_study_is_stopped(place: Place) -> None:
    console = terminal()

    def stop() -> None:
        with BarDisplay(place, console) as display:
            display.update(Progress(TASKS))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert drawn(console).rstrip().endswith("\x1b[2K")
    assert "\x1b[?25h" in drawn(console)  # the cursor is shown again


def test_lines_are_printed_where_there_is_no_terminal(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_display(place) as display:
        assert isinstance(display, LineDisplay)


def test_a_bar_is_drawn_on_a_terminal(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    console = terminal()
    monkeypatch.setattr(module, "Console", lambda **options: console)
    with progress_display(place) as display:
        assert isinstance(display, BarDisplay)
        display.update(Progress(TASKS))
        display.live.refresh()
    assert "0/30 epochs" in drawn(console)
