"""The short form of the benchmarks: that they work, not how fast anything is."""

import importlib.util
import json
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the benchmarks are beside the package, not in it

from benchmarks import contest  # noqa: E402
from benchmarks.apart import Job, available_cores, run_apart  # noqa: E402
from benchmarks.contest import OURS, Contest, Entrant, combine, shuffled  # noqa: E402
from benchmarks.inputs import make_work  # noqa: E402
from benchmarks.overheads import shares  # noqa: E402
from benchmarks.picture import draw_bars  # noqa: E402
from benchmarks.speed import check_installed, has_package  # noqa: E402
from benchmarks.study_runs import StudyRun  # noqa: E402
from benchmarks.study_summary import accuracies_agree  # noqa: E402
from benchmarks.summary import markdown, summarize  # noqa: E402
from benchmarks.variants import PLAIN, VARIANTS, variant_table  # noqa: E402
from benchmarks.work import Setting, Work  # noqa: E402
from mnist_keras.errors import UserError  # noqa: E402

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


def test_speed_runs_from_trial_to_picture(tmp_path):
    done = run_benchmark(
        *("speed", "--architectures", "shallow", "--peers", "keras", "--images", 400),
        *("--rounds", 1, "--epochs", 2, "--output", tmp_path),
    )
    assert done.returncode == 0, done.stderr
    result = read_result(tmp_path, "speed")
    measured = [
        (one["round"], one["entrant"]["contestant"], one["entrant"]["setting"]["threads"])
        for one in result["measurements"]
    ]
    ours = result["summary"][0]
    assert measured[:2] == [(0, OURS, None), (0, OURS, 1)]
    assert {contestant for number, contestant, _ in measured[2:] if number == 1} == {OURS, "keras"}
    several_cores = len(available_cores()) > 1
    assert len(measured) == (5 if several_cores else 4)
    for one in result["measurements"]:
        assert len(one["processes"]) == one["entrant"]["at_once"]
        medians = []
        for process in one["processes"]:
            assert len(process["epoch_seconds"]) == (2 if one["round"] else 3)
            assert one["first_epoch_seconds"] >= process["epoch_seconds"][0]
            medians.append(statistics.median(process["epoch_seconds"][1:]))
        assert 1 / one["seconds_per_epoch"] == pytest.approx(sum(1 / each for each in medians))
        assert one["test_accuracy"] > 0.3
        assert 100 < one["peak_memory_mb"] < 24_000
    assert ours["contestant"] == OURS
    itself = "times_ours_at_once" if ours["setting"].endswith("at once") else "times_ours"
    assert ours[itself] == {"median": 1.0, "low": 1.0, "high": 1.0}
    table = (tmp_path / "speed.md").read_text()
    assert table.count("| shallow |") == (3 if several_cores else 2)
    assert table in done.stdout
    assert (tmp_path / "speed.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_a_peer_learns_what_we_learn(name, small_images):
    for package in (name, *(["optax"] if name == "jax" else [])):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed; the extra bench brings it")
    work = make_work("cnn2", small_images, epochs=6)
    (answer,) = run_apart([Job(f"with_{name}", work)])
    assert len(answer["epoch_seconds"]) == 6
    assert answer["test_accuracy"] > 0.8
    assert name in answer["versions"]


def test_a_whole_study_is_timed_beside_the_same_trainings(tmp_path):
    done = run_benchmark(
        *("studies", "--studies", "shallow", "--peers", "keras", "--images", 400),
        *("--epochs", 1, "--rounds", 1, "--output", tmp_path),
    )
    assert done.returncode == 0, done.stderr
    ours, theirs = read_result(tmp_path, "studies")["measurements"]
    assert (ours["contestant"], theirs["contestant"]) == (OURS, "keras")
    settings = {(t["hidden"][0], t["learning_rate"], t["batch_size"]) for t in ours["trainings"]}
    assert len(ours["trainings"]) == len(settings) == 9
    assert ours["trainings"] == theirs["trainings"]
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
    assert table.count("| shallow |") == 2
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


def test_the_limit_is_counted_and_measured(tmp_path):
    done = run_benchmark(
        *("limit", "--architectures", "shallow", "--images", 400, "--rounds", 1),
        *("--epochs", 2, "--at-once", 1, "--output", tmp_path),
    )
    assert done.returncode == 0, done.stderr
    (one,) = read_result(tmp_path, "limit")["measurements"]
    assert one["flops_per_image"] == 2 * (2 * 784 * 256 + 3 * 256 * 10)
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
    products = 2 * 784 * 256 + 3 * (256 * 128 + 128 * 64 + 64 * 10)
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


def test_what_cannot_run_is_one_line(tmp_path):
    work = make_work("shallow", tmp_path / "none.npz", epochs=2)
    with pytest.raises(UserError, match=r"no_such failed on shallow.*ModuleNotFoundError"):
        run_apart([Job("no_such", work)])
    with pytest.raises(UserError, match="--peer-python"):
        has_package(str(tmp_path / "python"), "torch")
    assert not has_package(sys.executable, "no_such_package")


def test_a_missing_peer_names_the_extra(monkeypatch):
    absent = contest.Contestant("with_torch", ("json", "no_such_package"), peer=True)
    monkeypatch.setitem(contest.CONTESTANTS, "torch", absent)
    with pytest.raises(UserError, match=r"has no no_such_package.*\[bench\].*leave torch out"):
        check_installed([OURS, "torch"], sys.executable)


def test_work_survives_json():
    work = make_work("deep", Path("images.npz"), epochs=2, setting=Setting(1, tuned=True))
    assert Work.from_json(work.to_json()) == work
    assert (work.hidden, work.batch_size) == ((256, 128, 64), 32)
    assert work.setting.name == "1 thread, compiled"


class ScriptedProcesses:
    """Answers at once; an epoch of each setting takes what the script says, and some fail."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.jobs = []

    def __call__(self, jobs):
        self.jobs.append(list(jobs))
        return [self.answer(job) for job in jobs]

    def answer(self, job):
        seconds = self.seconds.get((job.module, job.work.setting))
        if seconds is None:
            raise UserError(f"{job.module} failed")
        return answer([9.0, *[seconds] * (job.work.epochs - 1)])


def answer(epoch_seconds, accuracy=0.98):
    return {
        "epoch_seconds": epoch_seconds,
        "first_epoch_seconds": epoch_seconds[0],
        "test_accuracy": accuracy,
        "peak_memory_mb": 500.0,
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
        "data": Path("all.npz"),
        "trial_data": Path("few.npz"),
        "peer_python": "peer",
        "on_measured": measured.append,
        "on_note": notes.append,
    }
    Contest(**{**settings, **changes}).run()
    return processes.jobs, measured, notes


ONE, TUNED = Setting(threads=1), Setting(tuned=True)


def test_each_contestant_goes_through_the_rounds_at_its_fastest_setting(monkeypatch):
    jobs, measured, notes = run_contest(
        monkeypatch,
        {
            ("with_mnist_keras", Setting()): 1.0,
            ("with_mnist_keras", ONE): 2.0,
            ("with_torch", Setting()): 4.0,
            ("with_torch", ONE): 3.0,
            ("with_torch", TUNED): 3.5,
        },
    )
    assert len(notes) == 2  # the fourth setting of torch, for both architectures
    assert [one.round for one in measured] == [0] * 10 + [1] * 4 + [2] * 4 + [3] * 4
    for number in (1, 2, 3):
        assert {(m.architecture, m.entrant) for m in measured if m.round == number} == {
            (name, entrant)
            for name in ("shallow", "cnn2")
            for entrant in (Entrant(OURS, Setting()), Entrant("torch", ONE))
        }
    rounds = [job for (job,) in jobs if job.work.data == "all.npz"]
    assert len(rounds) == 12
    assert {job.work.epochs for job in rounds} == {4}
    assert sorted({job.work.seed for job in rounds}) == [1, 2, 3]
    for (job,) in jobs:
        assert (job.core is not None) == (job.work.setting.threads == 1)
        assert (job.python == "peer") == (job.module == "with_torch")


def test_side_by_side_fills_the_cores_with_different_seeds(monkeypatch):
    jobs, measured, _ = run_contest(
        monkeypatch,
        {
            ("with_mnist_keras", Setting()): 1.5,
            ("with_mnist_keras", ONE): 2.0,
            ("with_torch", TUNED): 4.0,
            ("with_torch", ONE): 8.0,
            ("with_torch", Setting(threads=1, tuned=True)): 6.0,
            ("with_keras", Setting()): 12.0,
        },
        contestants=[OURS, "torch", "keras"],
        architectures=["shallow"],
        rounds=1,
        cores=[3, 5],
    )
    pairs = [together for together in jobs if len(together) == 2]
    assert sorted(pair[0].module for pair in pairs) == ["with_mnist_keras", "with_torch"]
    for pair in pairs:
        assert [job.core for job in pair] == [3, 5]
        assert len({job.work.seed for job in pair}) == 2
    found = [
        (row.contestant, row.setting, row.seconds_per_epoch.median) for row in summarize(measured)
    ]
    assert found == [
        (OURS, "1 thread, 2 at once", 1.0),
        (OURS, "default threads", 1.5),
        ("torch", "1 thread, compiled, 2 at once", 3.0),
        ("torch", "default threads, compiled", 4.0),
        ("keras", "default threads", 12.0),
    ]
    keras = summarize(measured)[-1]
    assert keras.times_ours.median == 8.0
    assert keras.times_ours_at_once.median == 12.0


def test_no_setting_at_all_ends_the_contest(monkeypatch):
    with pytest.raises(UserError, match="leave it out of --peers"):
        run_contest(monkeypatch, {("with_mnist_keras", Setting()): 1.0})


def measure(number, contestant, seconds, accuracy=0.98, architecture="shallow"):
    entrant = Entrant(contestant, Setting())
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
    assert "| shallow | keras | default threads | 6.00 | 4.50 [3.00-6.00] | - | 9.00 |" in lines[4]
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
