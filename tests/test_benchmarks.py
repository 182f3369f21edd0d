"""The short form of the benchmarks: that they work, not how fast anything is."""

import importlib.util
import json
import random
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the benchmarks are beside the package, not in it

from benchmarks import contest, race_runs  # noqa: E402
from benchmarks.__main__ import PARTS, parts_with  # noqa: E402
from benchmarks.apart import Job, available_cores, run_apart, run_command_of_ours  # noqa: E402
from benchmarks.compare import changes  # noqa: E402
from benchmarks.contest import (  # noqa: E402
    AS_WRITTEN,
    EACH_CORE,
    ONE_RUN,
    OURS,
    Contest,
    Entrant,
    combine,
    shuffled,
)
from benchmarks.inputs import make_work  # noqa: E402
from benchmarks.options import read_results  # noqa: E402
from benchmarks.overheads import shares  # noqa: E402
from benchmarks.pages import fill  # noqa: E402
from benchmarks.picture import draw_bars  # noqa: E402
from benchmarks.race import race_table, seconds_to  # noqa: E402
from benchmarks.speed import check_installed, has_package, installed  # noqa: E402
from benchmarks.study_runs import StudyRun  # noqa: E402
from benchmarks.study_summary import accuracies_agree  # noqa: E402
from benchmarks.summary import headline, markdown, rows_from, summarize  # noqa: E402
from benchmarks.tables import aims_table  # noqa: E402
from benchmarks.variants import PLAIN, VARIANTS, variant_table  # noqa: E402
from benchmarks.work import OUR_FLAGS, Setting, Work  # noqa: E402
from mnist_keras.data.dataset import load  # noqa: E402
from mnist_keras.errors import UserError  # noqa: E402
from mnist_keras.runs.records import read_runs  # noqa: E402

PNG = b"\x89PNG"


def run_benchmark(name, *arguments):
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def read_result(folder, name):
    return json.loads((folder / f"{name}.json").read_text())


@pytest.fixture
def small_images(tmp_path, small_arrays):
    path = tmp_path / "small.npz"
    np.savez(path, **small_arrays)
    return path


def test_the_short_form_runs_from_trial_to_picture_and_is_compared(tmp_path):
    options = (
        *("--architectures", "shallow", "--peers", "keras", "--images", 400, "--short"),
        *("--rounds", 1, "--epochs", 2, "--output", tmp_path),
    )
    done = run_benchmark("speed", *options)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("speed-*-short.json")
    result = json.loads(path.read_text())
    assert {*result["machine"]} >= {"processor_class", "vector_instructions"}
    assert {*result["versions"]} >= {"tensorflow", "keras"}
    assert isinstance(result["onednn"], bool)
    measured = [
        (one["entrant"]["contestant"], one["entrant"]["way"]) for one in result["measurements"]
    ]
    assert sorted(measured) == [
        ("keras", EACH_CORE),
        ("keras", AS_WRITTEN),
        (OURS, EACH_CORE),
        (OURS, ONE_RUN),
    ]
    for one in result["measurements"]:
        assert len(one["processes"]) == one["entrant"]["at_once"]
        rates = []
        for process in one["processes"]:
            assert process["images"] == 400
            assert len(process["epoch_seconds"]) == 2
            rates.append(400 / process["epoch_seconds"][1])
        assert one["seconds_per_epoch"] == pytest.approx(60_000 / sum(rates))
        assert one["test_accuracy"] > 0.3
    at_once = next(row for row in result["summary"] if row["way"] == EACH_CORE)
    assert (at_once["contestant"], at_once["rounds"]) == (OURS, 1)
    assert at_once["times_ours_at_once"] == {"median": 1.0, "low": 1.0, "high": 1.0}
    table = path.with_suffix(".md").read_text()
    assert "best of Keras | Keras as people write it" in table
    assert table in done.stdout
    assert path.with_suffix(".png").read_bytes().startswith(PNG)
    assert changes(result, result).count("within the noise") == 4


def test_results_are_compared_by_ratios_and_what_differs_is_named():
    new = {
        "machine": {"processor": "a", "cores": 2, "vector_instructions": ["avx2", "fma"]},
        "versions": {"keras": "3"},
        "summary": [
            asdict(row) for row in summarize([measure(1, OURS, 1.0), measure(1, "keras", 6.0)])
        ],
    }
    old = {
        "machine": {**new["machine"], "vector_instructions": ["avx2"]},
        "versions": {"keras": "2"},
        "summary": [
            asdict(row) for row in summarize([measure(1, OURS, 2.0), measure(1, "keras", 6.0)])
        ],
    }
    text = changes(old, new)
    assert "not the same: vector_instructions avx2 before, avx2 fma now" in text
    assert "not the same: keras 2 before, 3 now" in text
    assert f"| shallow | {OURS}, {ONE_RUN} | seconds | 2.00 | 1.00 | 0.500 | less |" in text
    keras = f"| shallow | keras, {ONE_RUN} | times mnist-keras | 3.00 | 6.00 | 2.00 | more |"
    assert keras in text


def test_results_that_are_none_are_one_line(tmp_path):
    for text in ("no JSON", "[]", "{}", '{"benchmark": "growth"}'):
        path = tmp_path / "old.json"
        path.write_text(text)
        with pytest.raises(UserError, match=r"old\.json holds no results"):
            read_results(path)


@pytest.mark.parametrize("name", ["torch", "jax"])
@pytest.mark.parametrize("architecture", ["shallow", "cnn2"])
def test_a_peer_learns_the_same_at_each_of_its_settings(name, architecture, small_images):
    for package in (name, *(["optax"] if name == "jax" else [])):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed; the extra bench brings it")
    settings = [
        setting
        for setting in (Setting(), *contest.CONTESTANTS[name].settings(architecture))
        if "compiled" not in setting.options
    ]
    first, *then = [
        make_work(architecture, small_images, epochs=6, setting=setting) for setting in settings
    ]
    (answer,) = run_apart([Job(f"with_{name}", first, then=tuple(then))])
    for each, setting in zip((answer, *answer["then"]), settings, strict=True):
        assert len(each["epoch_seconds"]) == 6
        assert each["test_accuracy"] > 0.8, setting
        assert name in each["versions"]


def test_keras_learns_the_same_with_its_steps_in_the_graph(small_images):
    settings = [Setting(1), *contest.keras_settings("shallow")[1:2]]
    answers = []
    for setting in settings:
        work = make_work("shallow", small_images, epochs=6, setting=setting)
        answers += run_apart([Job("with_keras", work)])
    plain, tuned = answers
    assert tuned["test_accuracy"] == pytest.approx(plain["test_accuracy"], abs=0.03)
    assert tuned["onednn"] is True


def test_a_whole_study_is_timed_beside_the_same_trainings(tmp_path):
    done = run_benchmark(
        *("studies", "--studies", "shallow", "--peers", "keras", "--images", 400),
        *("--epochs", 1, "--rounds", 1, "--output", tmp_path),
    )
    assert done.returncode == 0, done.stderr
    ours, theirs, each_core = read_result(tmp_path, "studies")["measurements"]
    contestants = [one["contestant"] for one in (ours, theirs, each_core)]
    assert contestants == [OURS, "keras", "keras"]
    assert each_core["setting"].endswith(f"{len(available_cores())} at once")
    settings = {(t["hidden"][0], t["learning_rate"], t["batch_size"]) for t in ours["trainings"]}
    assert len(ours["trainings"]) == len(settings) == 9
    for training in (*ours["trainings"], *theirs["trainings"], *each_core["trainings"]):
        training.pop("setting")
    assert ours["trainings"] == theirs["trainings"] == each_core["trainings"]
    assert {training["epochs"] for training in ours["trainings"]} == {1}
    assert ours["images"] == theirs["images"] == 80
    assert all(0 <= value <= 1 for run in (ours, theirs) for value in run["validation_accuracies"])
    assert min(ours["seconds"], theirs["seconds"]) > 1
    # Three products of each dense layer: forward, and both gradients but the first layer's input's.
    widths = [training["hidden"][0] for training in ours["trainings"]]
    multiplied = sum(2 * 784 * width + 3 * 10 * width for width in widths)
    assert ours["gflop"] == theirs["gflop"] == pytest.approx(2 * multiplied * 320 / 1e9)
    assert ours["peak_gflops"] == theirs["peak_gflops"] > 1
    table = (tmp_path / "studies.md").read_text()
    assert table.count("| shallow |") == 3
    assert table in done.stdout


def study_run(accuracies, contestant=OURS):
    return StudyRun(1, "shallow", contestant, "", 1.0, 1.0, (), accuracies, 12_000, {}, 1.0, 1.0)


@pytest.mark.parametrize(("shift", "agrees"), [(0.0005, True), (-0.02, False), (0.02, False)])
def test_trainings_of_a_study_agree_in_pairs(shift, agrees):
    ours = [0.98, 0.91, 0.975, 0.982]
    noise = [0.001, -0.001, 0.0005, -0.0005]
    theirs = [one + each + shift for one, each in zip(ours, noise, strict=True)]
    assert accuracies_agree(study_run(ours), study_run(theirs, "torch")) is agrees


def test_overheads_are_measured_and_the_help_imports_no_tensorflow(tmp_path):
    done = run_benchmark(
        *("overheads", "--architectures", "shallow", "--images", 400),
        *("--epochs", 2, "--starts", 1, "--output", tmp_path),
    )
    assert done.returncode == 0, done.stderr
    result = read_result(tmp_path, "overheads")
    assert result["help"]["imports"] == []
    assert len(result["help"]["seconds"]) == 1
    costs = result["training"]["shallow"]
    assert [len(costs["pairs"][kind]) for kind in ("with", "without")] == [2, 2]
    run = costs["run"]
    assert run["epochs"] == 2
    assert run["state_writes"] >= 1
    assert run["state_bytes"] > 4 * 203_530
    assert run["sampling_thread_cpu_seconds"] > 0
    assert run["performance_hook_cpu_seconds"] > 0
    assert costs["shares"] == shares(run)


def test_variants_of_cnn2_are_timed_in_turn(tmp_path):
    done = run_benchmark("variants", "--images", 200, "--rounds", 2, "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    result = read_result(tmp_path, "variants")
    assert [*result["seconds"]] == [PLAIN, *VARIANTS] == [*result["processor"]]
    for each in (*result["seconds"].values(), *result["processor"].values()):
        assert len(each) == 2
        assert min(each) > 0
    table = variant_table({PLAIN: [1, 2], "x": [1.5, 2.4]}, {PLAIN: [1, 1], "x": [1, 2]})
    assert (
        table.splitlines()[-1]
        == "| x | 1.95 [1.50-2.40] | 1.350 [1.200-1.500] | 1.500 [1.000-2.000] |"
    )


RACE_RECIPES = ("fast, 1 epoch", "train_mnist_fast, 1 epoch")


def test_a_race_is_trained_once_and_its_runs_are_the_studys(tmp_path, small_images):
    options = (
        *("--data", small_images, "--epochs", 1, "--seeds", 1, "--output", tmp_path),
        *(part for name in RACE_RECIPES for part in ("--recipe", name)),
        *("--logs", tmp_path / "logs", "--checkpoints", tmp_path / "checkpoints"),
    )
    done = run_benchmark("race", *options)
    assert done.returncode == 0, done.stderr
    measured = [
        one
        for one in read_result(tmp_path, "race")["measurements"]
        if one["program"] == OURS  # PyTorch races, too, where it is installed
    ]
    assert sorted(one["recipe"] for one in measured) == sorted(RACE_RECIPES)
    for one in measured:
        training = one["compile_seconds"] + sum(one["epoch_seconds"])
        assert len(one["accuracies"]) == len(one["epoch_seconds"]) == 1
        assert 0 < training < one["process_seconds"]
    records = {
        record.config.architecture: record for record in read_runs(tmp_path / "logs" / "race")
    }
    assert {*records} == {"fast", "mnist-cnn"}
    for one in measured:
        record = records["fast" if one["recipe"] == RACE_RECIPES[0] else "mnist-cnn"]
        assert one["accuracies"] == record.curve("val_accuracy").tolist()
    kept = read_result(tmp_path, "race")["measurements"]
    again = run_benchmark("race", *options)
    assert again.returncode == 0, again.stderr
    assert read_result(tmp_path, "race")["measurements"] == kept
    assert " of them training" not in again.stderr
    other = run_benchmark("race", *options, "--epochs", 2)
    assert other.returncode == 1
    assert "has a race with" in other.stderr.splitlines()[-1]


def test_a_training_that_was_cut_off_races_anew(tmp_path, small_images):
    """What a process that goes on with it takes is not what the whole of it takes."""
    recipe = RACE_RECIPES[1]
    options = (
        *("--data", small_images, "--epochs", 2, "--seeds", 1, "--output", tmp_path),
        *("--recipe", recipe, "--peer-python", sys.executable),
        *("--logs", tmp_path / "logs", "--checkpoints", tmp_path / "checkpoints"),
    )
    assert run_benchmark("race", *options).returncode == 0
    (record,) = read_runs(tmp_path / "logs" / "race")
    (record.folder / "result.json").unlink()
    (tmp_path / "race.json").unlink()
    done = run_benchmark("race", *options)
    assert done.returncode == 0, done.stderr
    (aside,) = record.folder.parent.glob(f"{record.folder.name}.replaced-*")
    assert (aside / "epochs.csv").exists()
    measured = read_result(tmp_path, "race")["measurements"]
    (one,) = [one for one in measured if one["program"] == OURS]
    assert sum(one["epoch_seconds"]) < one["process_seconds"]


def raced(seed, process, epochs, accuracies):
    return race_runs.Measured("fast", OURS, seed, process, 1.0, epochs, accuracies)


def test_a_level_is_passed_where_the_mean_over_seeds_passes_it():
    each = [
        raced(0, 20.0, [4.0, 3.0, 2.0], [0.97, 0.989, 0.995]),
        raced(1, 30.0, [5.0, 4.0, 3.0], [0.98, 0.991, 0.993]),
    ]
    assert seconds_to(each, 97.5) == pytest.approx((20 - 5 + 30 - 7) / 2)
    assert seconds_to(each, 99.0) == pytest.approx((20 - 2 + 30 - 3) / 2)
    assert seconds_to(each, 99.4) == pytest.approx(25)
    assert seconds_to(each, 99.5) is None
    (row,) = race_table(each).splitlines()[2:]
    assert row.startswith("| fast | mnist-keras | 2 | 99.40 | 0.14 | 10.5 [9.00-12.0] | 1.00 |")


@pytest.mark.parametrize("recipe", race_runs.IN_PYTORCH)
def test_a_recipe_in_plain_pytorch_learns_as_it_does_here(recipe, small_images):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed; the extra bench brings it")
    work = Work(recipe, (), 32, 0.01, 6, 0, str(small_images), Setting(threads=1))
    (answer,) = run_apart([Job("race_torch", work)])
    assert len(answer["epoch_seconds"]) == len(answer["accuracies"]) == 6
    assert answer["accuracies"][-1] > 0.8


def test_growth_is_of_studies_and_reports(tmp_path):
    done = run_benchmark("growth", "--trials", 2, "--runs", "2,20", "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    measured = read_result(tmp_path, "growth")["measurements"]
    many_values, many_seeds = "report, many configurations", "report, many seeds"
    assert [(one["kind"], one["size"], one["seeds"]) for one in measured] == [
        ("study", 2, 1),
        (many_values, 2, 1),
        (many_values, 20, 1),
        (many_seeds, 20, 2),
    ]
    study = measured[0]
    assert study["worker_mb"] > study["own_mb"] > 20
    assert all(one["seconds"] > 0 and one["own_mb"] > 20 for one in measured)
    ratio = measured[2]["seconds"] / measured[1]["seconds"] / 10
    assert f"| {many_values} | 20 | 1 | {measured[2]['seconds']:.1f} " in done.stdout
    assert f"| {ratio:.2f} |" in done.stdout


def trained_pixels(images):
    """Of MNIST's first images: the pixels that are ever lit, in whole vectors of 16."""
    lit = np.count_nonzero(load().x_train[:images].max(axis=0))
    return -(-lit // 16) * 16


def test_the_limit_is_counted_and_measured(tmp_path):
    done = run_benchmark(
        *("limit", "--architectures", "shallow", "--images", 400, "--rounds", 1),
        *("--epochs", 2, "--at-once", 1, "--output", tmp_path),
    )
    assert done.returncode == 0, done.stderr
    (one,) = read_result(tmp_path, "limit")["measurements"]
    pixels = trained_pixels(400)
    assert one["flops_per_image"] == 2 * (2 * pixels * 256 + 3 * 256 * 10)
    gflops = one["flops_per_image"] * 400 / one["epoch_seconds"][0][1] / 1e9
    assert one["gflops"] == pytest.approx(gflops)
    assert one["share"] == pytest.approx(gflops / max(one["peaks"][0].values()))
    assert "| shallow | 32 |" in done.stdout


def test_a_step_is_divided_into_its_parts(tmp_path):
    done = run_benchmark(
        *("parts", "--architectures", "deep,lenet5", "--images", 400, "--rounds", 1),
        *("--output", tmp_path),
    )
    assert done.returncode == 0, done.stderr
    deep, lenet5 = read_result(tmp_path, "parts")["measurements"]
    products = 2 * trained_pixels(400) * 256 + 3 * (256 * 128 + 128 * 64 + 64 * 10)
    assert deep["mflop"] == pytest.approx(32 * 2 * products / 1e6)
    assert set(deep["parts_ms"]) == {"products", "optimizer"}
    assert set(lenet5["parts_ms"]) == {"products", "optimizer", "pooling"}
    assert all(ms > 0 for one in (deep, lenet5) for ms in one["parts_ms"].values())
    # The profiler's parts are of one series, so that together they are no more than it.
    assert sum(lenet5["parts_ms"].values()) < lenet5["step_ms"]
    assert "| deep |" in done.stdout


@pytest.mark.parametrize(
    ("op", "part"),
    [
        ("while/body/while/cnn2/conv2d/Relu:_MklNativeFusedConv2D", "products"),
        ("while/cnn2/conv2d/convolution/Conv2DBackpropFilter:Conv2DBackpropFilter", "products"),
        ("gradient_tape/while/cnn2/dense/MatMul/MatMul_1:_MklMatMul", "products"),
        ("while/cnn2/max_pooling2d/MaxPool2d/MaxPoolGrad:_MklNativeMaxPoolGrad", "pooling"),
        ("while/adam/Sqrt_9:Sqrt", "optimizer"),
        ("while/sgd/AssignSubVariableOp:AssignSubVariableOp", "optimizer"),
        ("while/body/gradient_tape/while/cnn2/conv2d/ReluGrad:ReluGrad", "rest"),
        ("EagerExecute", "rest"),
    ],
)
def test_an_op_belongs_to_the_part_that_its_name_says(op, part):
    from benchmarks.step_parts import part_of

    assert part_of(op) == part


def test_no_process_takes_or_leaves_compiled_code(tmp_path, small_images, monkeypatch):
    """The peers compile anew in every process, and so do we."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run_apart([Job("with_mnist_keras", make_work("shallow", small_images, epochs=1))])
    place = (f"--logs={tmp_path / 'logs'}", f"--checkpoints={tmp_path / 'checkpoints'}")
    run_command_of_ours("train", "shallow", f"--data={small_images}", "--epochs=1", *place)
    assert list((tmp_path / "logs").rglob("result.json"))
    assert not (tmp_path / "cache" / "mnist-keras" / "compiled").exists()


def test_what_cannot_run_is_one_line(tmp_path):
    work = make_work("shallow", tmp_path / "none.npz", epochs=2)
    with pytest.raises(UserError, match=r"no_such failed on shallow.*ModuleNotFoundError"):
        run_apart([Job("no_such", work)])
    with pytest.raises(UserError, match="--peer-python"):
        has_package(str(tmp_path / "python"), "torch")
    assert not has_package(sys.executable, "no_such_package")


def test_a_peer_that_is_not_installed_is_left_out_with_a_line(monkeypatch, capsys):
    for name in (OURS, "torch"):
        absent = contest.Contestant("with_it", ("json", "no_such_package"), contest.torch_settings)
        monkeypatch.setitem(contest.CONTESTANTS, name, absent)
    with pytest.raises(UserError, match=r"has no no_such_package.*\[bench\].*leave torch out"):
        check_installed(["keras", "torch"], sys.executable)
    assert installed(["torch", "keras"], sys.executable) == ["keras"]
    assert capsys.readouterr().err.startswith("torch is left out: ")
    with pytest.raises(UserError, match="no_such_package"):
        installed([OURS], sys.executable)


def test_work_survives_json():
    work = make_work(
        "deep", Path("images.npz"), epochs=2, setting=Setting(1, ("compiled",), True, 4)
    )
    assert Work.from_json(work.to_json()) == work
    assert (work.hidden, work.batch_size) == ((256, 128, 64), 32)
    assert work.setting.name == "1 thread, compiled, oneDNN on, 4 seeds in step"


class ScriptedProcesses:
    """Answers at once; an epoch of each setting takes what the script says, and some fail."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.jobs = []

    def __call__(self, jobs, tolerant=False):
        assert tolerant
        self.jobs.append(list(jobs))
        answers = []
        for job in jobs:
            first, *then = [self.answer(job.module, work) for work in (job.work, *job.then)]
            answers.append({**first, "then": then})
        return answers

    def answer(self, module, work):
        seconds = self.seconds.get((module, work.setting))
        if seconds is None:
            return {"error": "RuntimeError: no such setting"}
        return answer([9.0, *[seconds] * (work.epochs - 1)])


def answer(epoch_seconds, accuracy=0.98):
    return {
        "epoch_seconds": epoch_seconds,
        "first_epoch_seconds": epoch_seconds[0],
        "test_accuracy": accuracy,
        "images": 60_000,
        "versions": {},
    }


def run_contest(monkeypatch, seconds, cores=None, **changes):
    processes, measured, notes = ScriptedProcesses(seconds), [], []
    monkeypatch.setattr(contest, "run_apart", processes)
    monkeypatch.setattr(contest, "available_cores", lambda: cores or [0])
    settings = {
        "architectures": ["shallow", "cnn2"],
        "contestants": [OURS, "torch"],
        "rounds": 3,
        "epochs": 4,
        "data": {"shallow": Path("all.npz"), "cnn2": Path("all.npz")},
        "trial_data": Path("few.npz"),
        "peer_python": "peer",
        "on_measured": measured.append,
        "on_note": notes.append,
    }
    Contest(**{**settings, **changes}).run()
    return processes.jobs, measured, notes


ONE = Setting(threads=1)
EAGER = ("epoch in order", "fused Adam")
COMPILED = (*EAGER, "compiled")
SECONDS = {
    ("with_mnist_keras", Setting()): 1.0,
    ("with_mnist_keras", ONE): 1.6,
    ("with_torch", Setting()): 8.0,
    ("with_torch", Setting(None, EAGER)): 4.0,
    ("with_torch", Setting(1, EAGER)): 6.0,
    ("with_torch", Setting(1, COMPILED)): 5.0,
}


def test_each_contestant_goes_through_the_rounds_in_every_way_at_its_fastest(monkeypatch):
    jobs, measured, notes = run_contest(monkeypatch, SECONDS, cores=[3, 5])
    # Left out: compiled with all threads, twice channels last, twice channels last and compiled.
    assert len(notes) == 5
    expected = {
        Entrant(OURS, ONE_RUN, Setting()),
        Entrant(OURS, EACH_CORE, ONE, 2),
        Entrant("torch", AS_WRITTEN, Setting()),
        Entrant("torch", ONE_RUN, Setting(None, EAGER)),
    }
    each_core = {"shallow": COMPILED, "cnn2": EAGER}
    for number in (1, 2, 3):
        for name, options in each_core.items():
            found = {
                one.entrant for one in measured if (one.round, one.architecture) == (number, name)
            }
            assert found == {*expected, Entrant("torch", EACH_CORE, Setting(1, options), 2)}
    rounds = [job for together in jobs for job in together if job.work.data == "all.npz"]
    # Both architectures of a way are trained by one process; the ways at once by one on each core.
    assert len(rounds) == 3 * (3 + 2 * 2)
    assert {job.work.epochs for job in rounds} == {4}
    for together in jobs:
        assert len({job.work.seed for job in together}) == len(together)
        if len(together) == 2:
            assert [job.core for job in together] == [3, 5]
        for job in together:
            assert (job.core is not None) == (job.work.setting.threads == 1)
            assert (job.python == "peer") == (job.module == "with_torch")


def test_seeds_in_step_and_one_by_one_both_take_part_on_all_cores(monkeypatch):
    scan, flags = "epoch in lax.scan", OUR_FLAGS
    seconds = {
        ("with_mnist_keras", Setting()): 1.0,
        ("with_mnist_keras", ONE): 1.0,
        ("with_jax", Setting()): 9.0,
        ("with_jax", Setting(1, (scan,))): 4.0,
        ("with_jax", Setting(1, (scan, flags))): 3.0,
        ("with_jax", Setting(1, (scan,), seeds=4)): 2.0,
        ("with_jax", Setting(1, (scan, flags), seeds=4)): 2.5,
    }
    _, measured, _ = run_contest(
        monkeypatch, seconds, architectures=["shallow"], contestants=[OURS, "jax"]
    )
    rows = [row for row in summarize(measured) if (row.contestant, row.way) == ("jax", EACH_CORE)]
    assert [(row.setting, row.seconds_per_epoch.median) for row in rows] == [
        (f"1 thread, {scan}, 4 seeds in step", 2.0),
        (f"1 thread, {scan}, {flags}", 3.0),
    ]


def test_the_short_form_tries_settings_of_one_thread_only(monkeypatch):
    _, measured, _ = run_contest(monkeypatch, SECONDS, short=True, rounds=1)
    trials = {one.entrant.setting for one in measured if one.round == 0}
    assert {setting.threads for setting in trials} == {1}
    assert {
        one.entrant.way for one in measured if one.entrant.contestant == "torch" and one.round
    } == {
        AS_WRITTEN,
        EACH_CORE,
    }
    ours = {one.entrant for one in measured if one.entrant.contestant == OURS}
    assert ours == {Entrant(OURS, ONE_RUN, ONE), Entrant(OURS, EACH_CORE, ONE, 1)}


def test_no_setting_at_all_ends_the_contest(monkeypatch):
    ours = {key: value for key, value in SECONDS.items() if key[0] == "with_mnist_keras"}
    with pytest.raises(UserError, match="leave it out of --peers"):
        run_contest(monkeypatch, ours)


def test_seeds_in_step_count_all_their_images():
    entrant = Entrant("jax", EACH_CORE, Setting(1, seeds=4), 2)
    step = {**answer([9.0, 8.0]), "images": 4 * 60_000}
    assert combine(1, "shallow", entrant, [step, step]).seconds_per_epoch == pytest.approx(1.0)


def measure(number, contestant, seconds, accuracy=0.98, architecture="shallow"):
    entrant = Entrant(contestant, ONE_RUN, Setting())
    return combine(number, architecture, entrant, [answer([9.0, seconds], accuracy)])


def test_the_table_has_medians_and_ratios_within_whole_rounds(tmp_path):
    rows = summarize(
        [
            measure(0, OURS, 100.0),
            *[measure(number, OURS, seconds) for number, seconds in enumerate((1.0, 2.0, 4.0), 1)],
            *[measure(number, "keras", seconds) for number, seconds in enumerate((6.0, 6.0), 1)],
            measure(1, "torch", 3.0),
            measure(2, "torch", 2.0),
            measure(1, OURS, 1.0, architecture="cnn2"),
        ]
    )
    assert [(row.architecture, row.contestant) for row in rows] == [
        ("shallow", OURS),
        ("shallow", "torch"),
        ("shallow", "keras"),
        ("cnn2", OURS),
    ]
    ours, torch, keras, alone = rows
    assert (ours.seconds_per_epoch.median, ours.seconds_per_epoch.high) == (1.5, 2.0)
    assert (torch.times_ours.low, torch.times_ours.median, torch.times_ours.high) == (1.0, 2.0, 3.0)
    assert (keras.times_ours.low, keras.times_ours.high) == (3.0, 6.0)
    assert keras.accuracy_agrees is True
    assert alone.accuracy_agrees is None
    lines = markdown(rows).splitlines()
    line = f"| shallow | keras | {ONE_RUN} | default threads | 6.00 | 4.50 [3.00-6.00] | - | 9.00 |"
    assert line in lines[4]
    assert rows_from(json.loads(json.dumps([asdict(row) for row in rows]))) == rows
    draw_bars(rows, tmp_path / "bars.png")
    assert (tmp_path / "bars.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(("theirs", "agrees"), [((0.9802, 0.9815), True), ((0.92, 0.921), False)])
def test_accuracies_agree_within_the_noise_of_seeds(theirs, agrees):
    accuracies = {OURS: [0.981, 0.9795], "keras": list(theirs)}
    rows = summarize(
        [
            measure(number, name, 1.0, accuracy)
            for name, values in accuracies.items()
            for number, accuracy in enumerate(values, 1)
        ]
    )
    assert [row.accuracy_agrees for row in rows if row.contestant == "keras"] == [agrees]


def test_shares_are_of_the_time_of_training():
    run = {
        "train_seconds": 20.0,
        "performance_hook_seconds": 0.05,
        "sampling_thread_cpu_seconds": 0.15,
        "state_seconds": 0.4,
    }
    assert shares(run) == pytest.approx({"performance_callback": 0.01, "state": 0.02})


def test_a_call_within_a_timed_call_counts_once():
    from benchmarks.callback_costs import Stopwatch

    class Nested:
        def work(self, depth):
            return sum(range(100_000)) + (self.work(depth - 1) if depth else 0)

    untimed = Nested().work(3)
    watch = Stopwatch()
    watch.wrap(Nested, ("work",))
    begin = time.perf_counter()
    assert Nested().work(3) == untimed
    assert 0 < watch.seconds <= time.perf_counter() - begin
    assert watch.cpu_seconds > 0


def test_shuffling_keeps_every_item():
    items = list(range(50))
    order = shuffled(items, random.Random(1))
    assert order != items
    assert sorted(order) == items


def test_the_headline_is_beside_the_best_of_each_library():
    ways = [
        (OURS, ONE_RUN, 1.0, 1),
        (OURS, EACH_CORE, 1.0, 2),
        ("torch", AS_WRITTEN, 4.0, 1),
        ("torch", ONE_RUN, 3.0, 1),
        ("torch", EACH_CORE, 2.5, 2),
    ]
    rows = summarize(
        [
            combine(
                1, "cnn2", Entrant(name, way, Setting(), count), [answer([9.0, seconds])] * count
            )
            for name, way, seconds, count in ways
        ]
    )
    assert headline(rows).splitlines()[2] == "| cnn2 | 0.500 | 2.50 | 8.00 |"


def test_an_aim_is_held_against_the_best_peer_on_each_core_and_alone():
    def row(contestant, way, seconds, cores):
        entrant = Entrant(contestant, way, Setting(1), cores)
        return combine(1, "shallow", entrant, [answer([9.0, seconds * cores])] * cores)

    rows = summarize(
        [
            row(OURS, ONE_RUN, 2.0, 1),
            row(OURS, EACH_CORE, 1.0, 2),
            row("jax", AS_WRITTEN, 8.0, 1),
            row("jax", ONE_RUN, 2.2, 1),
            row("jax", EACH_CORE, 1.5, 2),
            row("keras", EACH_CORE, 0.1, 2),  # a dense network's aim is beside JAX
        ]
    )
    content = {"images": {"shallow": 1}, "summary": [asdict(one) for one in rows]}
    assert aims_table(content).splitlines()[2] == (
        "| shallow | jax, 1 thread, 2 at once | 1.50 | yes | jax, 1 thread | 1.10 | no, by 0.20 |"
    )


def test_the_peers_interpreter_goes_to_the_studies_alone():
    given = ["--peer-python", "there/python", "--rounds", "2"]
    programs = {name: options for name, *options in parts_with(given)}
    assert programs["studies"] == ["--rounds", "1", "--peer-python", "there/python"]
    assert all("there/python" not in programs[name] for name in programs if name != "studies")
    (first, *_) = parts_with(["--peer-python=there/python"])
    assert first[-1] == "--peer-python=there/python"
    assert parts_with([]) == list(PARTS)


def test_a_page_gets_new_text_between_its_marks_alone():
    page = "before\n<!-- bench: speed -->\nold\n<!-- /bench -->\nafter\n"
    filled = "before\n<!-- bench: speed -->\n| a \\1 |\n<!-- /bench -->\nafter\n"
    assert fill(page, {"speed": "| a \\1 |\n"}) == filled
    with pytest.raises(UserError, match="bench: aims"):
        fill(page, {"aims": ""})


def test_the_pages_have_a_place_for_each_table():
    for page, names in (
        ("README.md", ("speed", "studies")),
        (
            "docs/performance.md",
            ("speed", "aims", "studies", "limit", "parts", "growth", "overheads"),
        ),
    ):
        text = (ROOT / page).read_text()
        assert fill(text, dict.fromkeys(names, "")).count("<!-- bench: ") == len(names)
