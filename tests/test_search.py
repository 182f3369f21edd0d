from __future__ import annotations

import json
import signal
import sqlite3
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from command_line import run_here, start
from generated_runs import write_run
from search_runs import EPOCHS, RANGES, TEST_ACCURACY, make_plan, write_all, write_finished
from small_runs import noisy_arrays, small_config, what_was_computed, write_idx

from mnist_keras.commands.conduct_search import SearchRequest, conduct_search
from mnist_keras.data.dataset import load
from mnist_keras.errors import UserError
from mnist_keras.running.reuse import find_finished_run
from mnist_keras.runs.locking import one_after_another
from mnist_keras.runs.records import read_epochs, read_json, read_run
from mnist_keras.search.judgement import winner_of
from mnist_keras.search.run import _Search, run_search
from mnist_keras.search.store import SearchStore
from mnist_keras.workers.execution import Place, Progress, Task, is_done, run_trials
from mnist_keras.workers.worker import stop_mark


def search(plan):
    """Run a search and return its trials."""
    return run_search(plan, print).trials()


def chosen(trials):
    return [(t.number, t.config, t.state, t.epochs, t.val_accuracy, t.best_epoch) for t in trials]


# What is chosen


def test_a_grid_is_exactly_the_product(tmp_path):
    plan = make_plan(tmp_path, sampler="grid").limited(None, None)
    write_all(plan)
    trials = search(plan)
    assert len(trials) == 18
    assert {(t.config.learning_rate, t.config.hidden[0], t.config.batch_size) for t in trials} == {
        (rate, hidden, batch)
        for rate in (0.0001, 0.001, 0.01)
        for hidden in (32, 64, 128)
        for batch in (32, 64)
    }
    assert all(t.state == "complete" and t.epochs == EPOCHS for t in trials)
    assert chosen(search(plan)) == chosen(trials)


def test_a_part_of_a_grid_is_the_beginning_of_all_of_it(tmp_path):
    plan = make_plan(tmp_path, sampler="grid").limited(None, None)
    write_all(plan)
    part = [t.config for t in search(plan.limited(7, None))]
    assert len(part) == 7
    assert [t.config for t in search(plan)][:7] == part
    assert plan.limited(1000, 50).trials == 18


@pytest.mark.parametrize(("sampler", "pruner"), [("random", "none"), ("tpe", "hyperband")])
def test_a_seed_gives_the_same_search_also_when_it_is_made_in_two_parts(tmp_path, sampler, pruner):
    plan = make_plan(tmp_path, sampler=sampler, pruner=pruner, trials=12)
    write_all(plan)
    whole = chosen(search(plan))
    assert len(whole) == 12

    again = make_plan(tmp_path / "again", sampler=sampler, pruner=pruner, trials=12)
    write_all(again)
    assert chosen(search(replace(again, trials=5))) == whole[:5]
    assert chosen(search(again)) == whole

    other = make_plan(tmp_path / "other", sampler=sampler, pruner=pruner, trials=12, seed=1)
    write_all(other, range(1, 2))
    assert [t.config.replace(seed=0) for t in search(other)] != [config for _, config, *_ in whole]


def test_what_repeats_an_earlier_trial_costs_nothing_and_comes_to_the_same(tmp_path):
    plan = make_plan(tmp_path, sampler="random", ranges=["hidden=32,64"], trials=9)
    write_all(plan)
    trials = search(plan)
    assert sorted(t.epochs for t in trials) == [0] * 7 + [EPOCHS] * 2
    assert len({(t.config, t.val_accuracy) for t in trials}) == 2


def test_a_search_within_a_budget_never_exceeds_it_and_ends_when_all_is_tried(tmp_path):
    plan = make_plan(tmp_path).limited(None, 5 * EPOCHS + 3)
    write_all(plan)
    assert sum(t.epochs for t in search(plan)) == 5 * EPOCHS
    assert sum(t.epochs for t in search(plan.limited(None, 6 * EPOCHS))) == 6 * EPOCHS

    small = make_plan(tmp_path, name="small", ranges=["hidden=32,64"]).limited(None, 1000)
    write_all(small)
    assert sum(t.epochs for t in search(small)) == 2 * EPOCHS


# Trials that are stopped


def test_hopeless_trials_are_pruned_on_their_first_epochs_and_never_win(tmp_path):
    plan = make_plan(tmp_path, sampler="grid", pruner="median").limited(None, None)
    write_all(plan)
    trials = search(plan)
    pruned = [t for t in trials if t.state == "pruned"]
    assert pruned
    for trial in pruned:
        # The pruner's own rule, independently: worse than the median of the complete ones before.
        done = [t for t in trials[: trial.number] if t.state == "complete"]
        rows = [read_epochs(plan.place.folder(t.config).epochs) for t in done]
        mine = read_epochs(plan.place.folder(trial.config).epochs)
        assert len(done) >= 5
        at = [sorted(row[trial.epochs - 1]["val_accuracy"] for row in rows)]
        best = max(row["val_accuracy"] for row in mine[: trial.epochs])
        middle = at[0]
        median = (middle[(len(middle) - 1) // 2] + middle[len(middle) // 2]) / 2
        assert 2 <= trial.epochs < EPOCHS
        assert best < median
        assert trial.val_accuracy == best
    winner = winner_of(trials)
    assert winner.val_accuracy == max(t.val_accuracy for t in trials if t.state == "complete")


def test_a_stopped_trial_looks_unfinished_and_goes_on_bit_for_bit(tmp_path):
    """The record of a pruned run: its epochs and its state, no result; nobody takes it for done."""
    idx = write_idx(tmp_path / "idx", noisy_arrays())
    data = load(idx)
    config = small_config("shallow", data, hidden=(8,), epochs=12)
    place = Place("search", tmp_path / "logs", tmp_path / "checkpoints", idx, jobs=1)
    task, folder = Task(config), place.folder(config)
    folder.create()
    given = iter([[task]])
    states = []

    def feed(progress):
        tasks = next(given, None)
        if tasks:
            folder.config.write_text(config.to_json())  # begun, or the mark would be set aside
            stop_mark(folder).touch()
            return tasks
        ended = progress.stopped or progress.done or progress.failed
        states.append((list(progress.running), list(progress.stopped)))
        return None if ended else []

    assert run_trials([], place, lambda progress: None, feed) == {}
    assert states[-1][1] == [config.name]
    record = read_run(folder.logs)
    assert len(record.epochs) == 1
    assert not record.done
    assert folder.state.is_file()
    assert not folder.model.exists()
    assert not is_done(task, place)
    assert find_finished_run(task, replace(place, study="other")) is None
    listed = run_here("runs", "--logs", str(place.logs), "--json").json
    assert [(row["done"], row["epochs_run"], row["val_accuracy"]) for row in listed] == [
        (False, 1, None)
    ]

    stop_mark(folder).unlink()
    assert run_trials([task], place, lambda progress: None) == {}
    resumed = read_json(folder.result)["resumed"]
    assert resumed == {"times": 1, "bit_exact": True}
    whole = replace(place, logs=tmp_path / "whole", checkpoints=tmp_path / "whole-checkpoints")
    assert run_trials([task], whole, lambda progress: None) == {}
    assert what_was_computed(folder) == what_was_computed(whole.folder(config))


def test_an_unfinished_hopeless_run_is_pruned_without_training(tmp_path):
    plan = make_plan(tmp_path, sampler="grid", pruner="median").limited(None, None)
    write_all(plan)
    target = search(plan)[15].config
    again = make_plan(tmp_path / "b", sampler="grid", pruner="median").limited(None, None)
    write_all(again)
    folder = again.place.folder(target)
    for file in folder.logs.iterdir():
        file.unlink()
    write_run(again.place.logs, again.name, target, {"val_accuracy": [0.1, 0.1]}, done=False)
    trials = search(again)
    assert (trials[15].config, trials[15].state, trials[15].epochs) == (target, "pruned", 2)
    assert not folder.result.exists()


# What is refused


def test_a_changed_search_is_refused_and_a_longer_one_goes_on(tmp_path):
    plan = make_plan(tmp_path, trials=3)
    write_all(plan)
    before = chosen(search(plan))
    changed = [
        make_plan(tmp_path, ranges=RANGES[:2]),
        make_plan(tmp_path, sampler="random"),
        make_plan(tmp_path, pruner="median"),
        make_plan(tmp_path, seed=1),
    ]
    for other in changed:
        with pytest.raises(UserError, match=r"search\.db holds a search with .*--name.*--fresh"):
            run_search(other, print)
    assert chosen(search(plan)) == before
    assert len(run_search(changed[1], print, fresh=True).trials()) == 12
    assert (plan.store.parent / "search.replaced-1.db").is_file()


def test_the_book_of_a_search_that_another_process_makes_is_not_moved(tmp_path):
    plan = make_plan(tmp_path, trials=3)
    write_all(plan)
    search(plan)
    request = SearchRequest(
        **{name: getattr(plan, name) for name in ("name", "space", "sampler", "pruner", "trials")},
        **{name: getattr(plan.place, name) for name in ("jobs", "threads", "data", "quick")},
        logs=plan.place.logs,
        checkpoints=plan.place.checkpoints,
        epochs=None,
        seeds=1,
        against=None,
        fresh=True,
    )
    before = set(plan.store.parent.glob("search*.db"))
    waited = []

    with ExitStack() as another:

        def tell(line):
            if "trains in" in line:
                waited.append(set(plan.store.parent.glob("search*.db")))
                another.close()

        another.enter_context(one_after_another(plan.place.study_checkpoints, print))
        conduct_search(request, as_json=True, tell=tell)
    assert waited == [before]
    after = {path.name for path in plan.store.parent.glob("search*.db")}
    assert after == {"search.db", "search.replaced-1.db"}


def test_a_damaged_book_is_told_in_one_line(tmp_path):
    plan = make_plan(tmp_path)
    plan.store.parent.mkdir(parents=True)
    plan.store.write_bytes(b"no database" * 100)
    with pytest.raises(UserError, match=r"search\.db cannot be used \(.*not a database\)"):
        run_search(plan, print)


def test_a_folder_whose_name_an_url_cannot_hold_is_a_good_one(tmp_path):
    plan = make_plan(tmp_path / "what? 100% #1", trials=2)
    write_all(plan)
    assert len(search(plan)) == 2
    assert sqlite3.connect(plan.store).execute("select count(*) from trials").fetchone() == (2,)


def test_a_search_that_goes_on_failing_ends(tmp_path):
    """As the dispatchers would tell it: trials are failed, and no more are given out."""
    plan = make_plan(tmp_path, sampler="grid", trials=6)
    plan.store.parent.mkdir(parents=True)
    going = _Search(plan, SearchStore(plan))
    progress, given = Progress([]), []
    while (tasks := going.feed(progress)) is not None:
        assert len(tasks) == 1
        given += tasks
        progress.failed[tasks[0].config.name] = "no space left"
    assert len(given) == 3
    assert going.gives_up()
    assert {(t.state, t.cause, t.epochs) for t in going.store.trials()} == {
        ("failed", "no space left", 0)
    }
    assert going.failures[0] == f"{given[0].config.name}: no space left"


def test_jobs_are_filled_and_a_trial_that_two_ask_for_is_trained_once(tmp_path):
    plan = make_plan(tmp_path, sampler="random", ranges=["hidden=32,64"], jobs=2, trials=5)
    plan.store.parent.mkdir(parents=True)
    going = _Search(plan, SearchStore(plan))
    progress, given = Progress([]), []
    while (tasks := going.feed(progress)) is not None:
        given += tasks
        if len(going._active) == 2 or not tasks:
            for active in list(going._active.values()):
                write_finished(plan, active.config)
                progress.done.append(active.config.name)
    assert sorted(task.config.hidden for task in given) == [(32,), (64,)]
    trials = going.store.trials()
    assert [t.state for t in trials] == ["complete"] * 5
    assert sum(t.epochs for t in trials) == 2 * EPOCHS
    assert len({(t.config, t.val_accuracy) for t in trials}) == 2


# The command


def command(root: Path, *more: str) -> list[str]:
    ranges = [part for text in RANGES for part in ("--range", text)]
    places = ["--logs", str(root / "logs"), "--checkpoints", str(root / "checkpoints")]
    return ["search", "shallow", *ranges, "--name", "search-shallow", *places, *more]


def test_only_the_winners_test_accuracy_is_shown_or_written(tmp_path):
    plan = make_plan(tmp_path)
    write_all(plan)
    options = ["--epochs", str(EPOCHS), "--trials", "14"]
    as_json = run_here(*command(tmp_path, *options, "--json"))
    text = run_here(*command(tmp_path, *options))
    assert (as_json.code, text.code) == (0, 0), as_json.err + text.err
    winner = as_json.json["winner"]
    best = max(as_json.json["trials"], key=lambda row: row["val_accuracy"] or 0)
    assert winner["run"] == best["run"]
    result = read_json(plan.store.parent / winner["run"] / "result.json")
    assert winner["test_accuracy"] == result["test_accuracy"]
    table = (plan.store.parent / "search.csv").read_text()
    assert "test_accuracy" not in table
    assert len(table.splitlines()) == 15
    database = plan.store.read_bytes()
    others = []
    for folder in plan.store.parent.glob("shallow-*"):
        accuracy = read_json(folder / "result.json")["test_accuracy"]
        assert accuracy >= TEST_ACCURACY
        if accuracy != result["test_accuracy"]:
            others.append(accuracy)
    shown = as_json.out + text.out + text.err + table
    for accuracy in others:
        assert str(accuracy) not in shown
        if f"{accuracy:.4f}" != f"{result['test_accuracy']:.4f}":
            assert f"{100 * accuracy:.2f} %" not in shown
        assert str(accuracy).encode() not in database
    assert f"{100 * result['test_accuracy']:.2f} %" in text.out
    assert {path.name for path in (plan.store.parent / "figures").iterdir()} == {
        "course.png", "course.svg", "slices.png", "slices.svg",
    }  # fmt: skip


def test_the_ranges_are_told_first(tmp_path):
    write_all(make_plan(tmp_path))
    told = run_here(*command(tmp_path, "--epochs", str(EPOCHS), "--trials", "1")).err.splitlines()
    assert told[0].startswith("search-shallow: shallow, sampler tpe, pruner median, seed 0; 1 tri")
    assert [line.strip() for line in told[1:4]] == [RANGES[1], RANGES[0], RANGES[2]]


def test_without_optuna_a_line_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("mnist_keras.search.plan.find_spec", lambda name: None)
    outcome = run_here(*command(tmp_path))
    assert outcome.code == 1
    assert outcome.err == (
        "error: a search needs Optuna, which is not installed; "
        "install it with: pip install 'mnist-keras[search]'\n"
    )


# Real trainings


def wait_until(condition, seconds=240.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


REAL = (
    "search", "shallow", "--range", "hidden=8,16", "--range", "learning_rate=0.001..0.1",
    "--epochs", "60", "--trials", "2", "--pruner", "none", "--jobs", "1", "--json",
)  # fmt: skip


def end_while_training(folder: Path, data: Path, number: int) -> int:
    """Start the search, send the signal when it trains, and wait until all of it is gone."""
    epochs = epochs_done(folder)
    process = start(folder, *REAL, "--data", str(data))
    wait_until(lambda: epochs_done(folder) > epochs + 3)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    process.communicate(timeout=120)
    wait_until(lambda: not any(w.is_running() and w.status() != "zombie" for w in workers))
    return process.returncode


def epochs_done(folder: Path) -> int:
    files = (folder / "logs" / "search-shallow-tpe").glob("*/epochs.csv")
    return sum(len(read_epochs(file)) for file in files)


def search_for_real(folder: Path, data: Path):
    process = start(folder, *REAL, "--data", str(data))
    out, err = process.communicate(timeout=480)
    assert process.returncode == 0, err
    return {name: value for name, value in json.loads(out).items() if name != "figures"}


def test_a_search_that_was_ended_goes_on_as_if_it_had_not_been(tmp_path):
    data = write_idx(tmp_path / "idx", noisy_arrays())
    ended, whole = tmp_path / "ended", tmp_path / "whole"
    ended.mkdir()
    whole.mkdir()
    assert end_while_training(ended, data, signal.SIGKILL) == -signal.SIGKILL
    assert end_while_training(ended, data, signal.SIGINT) == 130
    facts = search_for_real(ended, data)
    assert [row["epochs_trained"] for row in facts["trials"]] == [60, 60]
    assert facts == search_for_real(whole, data)
