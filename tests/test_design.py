from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_keras.claims.base import ClaimBase
from mnist_keras.config import RunConfig, make_config
from mnist_keras.errors import UserError
from mnist_keras.metrics import METRICS
from mnist_keras.studies import design
from mnist_keras.studies.design import Study
from mnist_keras.studies.files import FIRST_STUDIES, STUDY_NAMES
from mnist_keras.studies.loading import load_study
from mnist_keras.studies.published import PublishedCell
from mnist_keras.studies.trials import Reading, Trial, hosts, merge, share_prefixes
from mnist_keras.subjects import Label, Subject

DOC = Path(__file__).parents[1] / "docs" / "studies.md"

STUDIES = Path(design.__file__).parent

HEAD = 'name = "mine"\ntitle = "Mine"\n'
BASE = '[base]\narchitecture = "shallow"\n'
FACTOR = '[[factors]]\nfield = "hidden"\nlabel = "hidden"\nvalues = [64, 128]\n'
TABLE = '[[tables]]\ntitle = "T"\nfactor = "hidden"\ncolumns = ["value", "val_accuracy"]\nrows = '
CLAIM = '[[claims]]\nkind = "impact"\ntext = "T"\nfactor = "hidden"\npublished = 1\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def error_of(folder: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        load_study(write(folder, text))
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 900
    return message


def cells_of(
    study: str, metric: str, epoch: int | None = None, **subject: object
) -> list[PublishedCell]:
    where = Subject(**subject)
    return [
        cell
        for cell in load_study(study).published
        if (cell.subject, cell.metric, cell.epoch) == (where, metric, epoch)
    ]


def names(study: Study, wide: bool = False) -> list[str]:
    return [trial.config.name for trial in study.trials(wide)]


# Trials


def test_trainings_of_each_study():
    assert {name: len(load_study(name).trials()) for name in STUDY_NAMES} == {
        "compare-conv": 2,
        "shallow": 9,  # 10 cells, 2 of them twins, + the optimum; the default is in the first test
        "deep": 10,  # 11 cells, 2 twins, + the optimum; the first test is the default
        "cnn": 7,  # 8 cells, 2 twins, + the optimum; the first test is the cell of LeNet-5
        "architectures": 4,
        "nielsen": 4,
        "examples": 6,
        "fast-mnist": 10,  # 12 trials: 1 is read in the run of 0, 3 is the same training as 2
        "fashion": 3,
        "dropout": 5,
        "ladder": 16,
        "race": 10,
    }
    assert len(load_study("nielsen").trials(wide=True)) == 12  # the vote is of the dropout's seeds


def test_shallow_trials_in_order():
    assert names(load_study("shallow")) == [
        "shallow-h128-lr0.001-b64-e20-s0",
        "shallow-h256-lr0.001-b32-e15-s0",
        "shallow-h128-lr0.0001-b64-e15-s0",
        "shallow-h128-lr0.01-b64-e15-s0",
        "shallow-h64-lr0.001-b64-e15-s0",
        "shallow-h256-lr0.001-b64-e15-s0",
        "shallow-h512-lr0.001-b64-e15-s0",
        "shallow-h128-lr0.001-b32-e15-s0",
        "shallow-h128-lr0.001-b128-e15-s0",
    ]


def test_a_shared_training_carries_every_label():
    first = load_study("deep").trials()[0]
    assert first == Trial(
        make_config({"architecture": "deep"}),
        (
            Label("first test"),
            Label("default"),
            Label("layers", (256, 128)),
            Label("learning rate", 0.001),
            Label("batch size", 64),
        ),
        test_curve=True,
    )
    assert tuple(map(str, load_study("shallow").trials()[0].labels)) == (
        "first test",
        "default (first 15 epochs)",
        "learning rate = 0.001 (first 15 epochs)",
        "hidden = 128 (first 15 epochs)",
        "batch size = 64 (first 15 epochs)",
    )


def test_only_first_tests_and_the_long_run_have_a_test_curve():
    for name in STUDY_NAMES:
        for trial in load_study(name).trials(wide=True):
            assert trial.test_curve == any(
                str(label).startswith(("first test", "epochs = 80")) for label in trial.labels
            )


def test_published_test_accuracies_of_one_epoch_have_a_curve_to_be_read_from():
    for name in STUDY_NAMES:
        study = load_study(name)
        curves = {trial.config for trial in study.trials() if trial.test_curve}
        for cell in study.published:
            if cell.metric == "test_accuracy" and cell.epoch is not None:
                assert study.reading(study.config_at(cell.subject)).config in curves


def test_wide_shallow_reads_five_lengths_from_one_training():
    study = load_study("shallow")
    assert len(study.trials(wide=True)) == 14
    long = make_config({"architecture": "shallow", "epochs": 80})
    assert study.trials(wide=True)[0].config == long
    for epochs in (5, 10, 15, 20, 40, 80):
        config = long.replace(epochs=epochs)
        assert study.reading(config, wide=True) == Reading(long, epochs)
    assert study.reading(long.replace(epochs=15, seed=3)) == Reading(
        long.replace(epochs=20, seed=3), 15
    )


def test_a_configuration_outside_the_study_is_read_from_its_own_run():
    config = make_config({"architecture": "shallow", "hidden": [7], "seed": 2})
    assert load_study("shallow").reading(config) == Reading(config, 15)


def test_every_cell_of_a_study_has_a_reading_among_its_trials():
    for name in STUDY_NAMES:
        study = load_study(name)
        for wide in (False, True):
            trained = {trial.config for trial in study.trials(wide)}
            for cell in study.cells(wide):
                reading = study.reading(cell.config, wide)
                assert reading.config in trained
                assert reading.epochs == cell.config.epochs


def test_prefixes_are_trained_when_sharing_is_off(tmp_path):
    text = (STUDIES / "shallow.toml").read_text(encoding="utf-8")
    text = text.replace('name = "shallow"', 'name = "mine"\nshare_prefixes = false', 1)
    study = load_study(write(tmp_path, text))
    assert len(study.trials()) == 10
    assert len(study.trials(wide=True)) == 14 + 5  # 15 and 5, 10, 20, 40 on their own
    default = make_config({"architecture": "shallow"})
    assert study.reading(default) == Reading(default, 15)


def test_early_stopping_ends_sharing():
    stopped = load_study("shallow").override(patience=3)
    assert len(stopped.trials()) == 10
    assert len(stopped.trials(wide=True)) == 14 + 5


def test_a_longer_run_without_test_curve_holds_nobody():
    short = Trial(make_config({"architecture": "cnn2", "epochs": 3, "patience": None}))
    long = Trial(short.config.replace(epochs=9))
    assert share_prefixes([short, long]) == [short, long]
    curve = Trial(short.config.replace(epochs=5), test_curve=True)
    assert share_prefixes([short, long, curve]) == [curve, long]


@given(
    st.lists(
        st.builds(
            Trial,
            st.builds(
                lambda epochs, batch_size, patience: make_config(
                    {
                        "architecture": "shallow",
                        "epochs": epochs,
                        "batch_size": batch_size,
                        "patience": patience,
                    }
                ),
                st.integers(1, 4),
                st.integers(1, 2),
                st.sampled_from([None, None, 2]),
            ),
            st.just(()),
            st.booleans(),
        ),
        max_size=8,
    )
)
def test_sharing_loses_no_trial(trials):
    merged = merge(trials)
    shared = {trial.config: trial for trial in share_prefixes(merged)}
    for trial, host in hosts(merged).items():
        assert shared[host.config].test_curve == host.test_curve
        same = host.config.replace(epochs=trial.config.epochs) == trial.config
        assert same
        if host != trial:
            assert host.test_curve
            assert trial.config.patience is None
            assert host.config.epochs > trial.config.epochs
        else:
            assert not any(
                other.test_curve
                and other.config.patience is None
                and other.config.epochs > trial.config.epochs
                and other.config.replace(epochs=trial.config.epochs) == trial.config
                for other in merged
            )
    assert set(shared) == {host.config for host in hosts(merged).values()}


def test_seeds_are_paired_and_seed_by_seed():
    study = load_study("compare-conv")
    assert [config.name for config in study.run_configs(range(2, 4))] == [
        "cnn2-lr0.001-b32-e20-p5-test-s2",
        "cnn3-lr0.001-b32-e20-p5-test-s2",
        "cnn2-lr0.001-b32-e20-p5-test-s3",
        "cnn3-lr0.001-b32-e20-p5-test-s3",
    ]
    deep = load_study("deep").seeded_trials(range(3))
    assert [trial.test_curve for trial in deep] == ([True] + [False] * 9) * 3


# Architectures and combinations


def test_another_architecture_takes_its_own_layers():
    study = Study(
        name="mine",
        title="Mine",
        base={"architecture": "shallow", "hidden": 300, "learning_rate": 0.01},
        factors=[
            {
                "field": "architecture",
                "label": "architecture",
                "values": ["shallow", "deep", "lenet5"],
            },
            {"field": "hidden", "label": "hidden", "values": [300, 400]},
        ],
    )
    configs = [trial.config for trial in study.trials()]
    assert [(c.settings, c.learning_rate) for c in configs] == [
        ({"hidden": (300,)}, 0.01),
        ({"hidden": (256, 128)}, 0.01),
        ({"padding": "same"}, 0.01),
        ({"hidden": (400,)}, 0.01),
    ]
    best = study.combination({"architecture": "lenet5", "hidden": 400})
    assert (best.architecture, best.settings) == ("lenet5", {"padding": "same"})
    assert study.combination({"architecture": "shallow", "hidden": 400}).hidden == (400,)


def test_combination_of_the_published_best_values_is_the_published_optimum():
    for name, best in {
        "shallow": {"hidden": 256, "batch_size": 32, "learning_rate": 0.001},
        "deep": {"hidden": (256, 128, 64), "batch_size": 32, "learning_rate": 0.001},
        "cnn": {"architecture": "lenet5", "batch_size": 32, "learning_rate": 0.001},
    }.items():
        study = load_study(name)
        optimum = study.config_at(Subject(trial="published optimum"))
        assert study.combination(best) == optimum
    architectures = {trial.config for trial in load_study("architectures").trials()}
    assert {
        load_study(name).config_at(Subject(trial="published optimum"))
        for name in ("shallow", "deep", "cnn")
    } < architectures


def test_combination_refuses_what_is_no_factor():
    with pytest.raises(UserError, match="hidden is no factor of study cnn"):
        load_study("cnn").combination({"hidden": 5})


def test_first_tests():
    for name, architecture, epochs in (
        ("shallow", "shallow", 20),
        ("deep", "deep", 15),
        ("cnn", "lenet5", 15),
    ):
        config = load_study(name).config_at(Subject(trial="first test"))
        expected = make_config({"architecture": architecture, "epochs": epochs})
        assert config == expected


def test_compare_conv_follows_the_notebook():
    config = load_study("compare-conv").config_at(Subject(factor="architecture", value="cnn3"))
    assert config == RunConfig(
        architecture="cnn3",
        learning_rate=0.001,
        batch_size=32,
        epochs=20,
        patience=5,
        validation="test",
    )


# Cost


def test_cost_of_the_shallow_study():
    cost = load_study("shallow").cost()
    assert (cost.trainings, cost.epochs) == (9, 20 + 8 * 15)
    assert (cost.cell_trainings, cost.cell_epochs) == (11, 20 + 10 * 15)
    assert cost.grid == 36
    assert cost.cell_saved_percent == pytest.approx(69.44, abs=0.01)
    assert cost.saved_percent == 75


def test_cost_of_the_wide_sweep_and_of_the_others():
    wide = load_study("shallow").cost(wide=True)
    assert (wide.trainings, wide.epochs, wide.grid) == (14, 80 + 13 * 15, 5**4)
    assert wide.cell_epochs == 20 + 15 * 15 + (5 + 10 + 20 + 40 + 80)
    deep = load_study("deep").cost()
    assert (deep.trainings, deep.cell_trainings, deep.grid) == (10, 12, 45)
    cnn = load_study("cnn").cost()
    assert (cnn.trainings, cnn.cell_trainings, cnn.grid) == (7, 9, 18)
    architectures = load_study("architectures").cost()
    assert (architectures.trainings, architectures.epochs) == (4, 10 + 3 * 15)
    assert architectures.grid is None
    assert architectures.saved_percent is None


# Published figures


def test_number_of_figures_in_each_table():
    counts = {
        name: list(Counter(cell.source for cell in load_study(name).published).values())
        for name in STUDY_NAMES
    }
    assert counts == {
        "compare-conv": [18, 20 * 9, 16 * 9],
        "shallow": [16, 3, 9, 12, 9, 4, 2],
        "deep": [12, 4, 15, 9, 9, 3, 2],
        "cnn": [16, 5, 10, 9, 6, 3],
        "architectures": [15, 6],
        "nielsen": [12],
        "examples": [6],
        "fast-mnist": [4, 4, 5],
        "fashion": [3],
        "dropout": [5],
        "ladder": [],
        "race": [],
    }


@pytest.mark.parametrize(
    ("study", "subject", "metric", "epoch", "text"),
    [
        ("shallow", {"trial": "first test"}, "val_accuracy", 16, "97.45 %"),
        ("shallow", {"trial": "first test"}, "test_accuracy", 1, "94.10 %"),
        ("shallow", {"trial": "first test"}, "seconds", None, "17.8 s"),
        ("shallow", {"trial": "first test"}, "gap", None, "2.55 points"),
        ("shallow", {"factor": "learning_rate", "value": 0.001}, "val_accuracy", None, "97.70 %"),
        ("shallow", {"factor": "learning_rate", "value": 0.0001}, "test_accuracy", None, "95.79 %"),
        ("shallow", {"factor": "hidden", "value": 512}, "seconds", None, "22.7 s"),
        ("shallow", {"factor": "batch_size", "value": 32}, "seconds", None, "20.0 s"),
        ("shallow", {"trial": "published optimum"}, "test_accuracy", None, "98.14 %"),
        ("shallow", {}, "seconds", None, "148.4 s"),
        ("deep", {"trial": "first test"}, "train_accuracy", 15, "99.63 %"),
        ("deep", {"trial": "first test"}, "best_epoch", None, "8"),
        ("deep", {"factor": "hidden", "value": (512, 256)}, "test_accuracy", None, "98.31 %"),
        ("deep", {"factor": "hidden", "value": (256, 128, 64)}, "seconds", None, "19.3 s"),
        ("deep", {"factor": "learning_rate", "value": 0.01}, "val_accuracy", None, "97.22 %"),
        ("deep", {"factor": "batch_size", "value": 128}, "test_accuracy", None, "97.69 %"),
        ("deep", {}, "seconds", None, "216.0 s"),
        ("cnn", {"trial": "first test"}, "train_accuracy", 1, "87.09 %"),
        ("cnn", {"trial": "first test"}, "seconds", None, "55.27 s"),
        ("cnn", {"trial": "first test"}, "data_seconds", None, "1.68 s"),
        ("cnn", {"factor": "architecture", "value": "lenet5"}, "seconds", None, "19.4 s"),
        ("cnn", {"factor": "architecture", "value": "cnn-simple"}, "parameters", None, "~410000"),
        ("cnn", {"factor": "batch_size", "value": 32}, "val_accuracy", None, "98.98 %"),
        ("cnn", {"trial": "published optimum"}, "seconds", None, "~50 s"),
        ("architectures", {"trial": "perceptron"}, "test_accuracy", None, "~87 %"),
        ("architectures", {"trial": "deep"}, "seconds_per_epoch", None, "~1.3 s"),
        ("architectures", {"trial": "lenet5"}, "gap", None, "0.02 points"),
        (
            "compare-conv",
            {"factor": "architecture", "value": "cnn2"},
            "seconds_per_epoch",
            None,
            "11.5-12 s",
        ),
        (
            "compare-conv",
            {"factor": "architecture", "value": "cnn3"},
            "lowest_val_loss",
            None,
            "~0.042",
        ),
        ("compare-conv", {"factor": "architecture", "value": "cnn2"}, "gpu_percent", 4, "10 %"),
        ("compare-conv", {"factor": "architecture", "value": "cnn3"}, "val_loss", 6, "0.0418"),
    ],
)
def test_figures_as_printed(study, subject, metric, epoch, text):
    assert [cell.text for cell in cells_of(study, metric, epoch, **subject)] == [text]


def test_no_time_was_measured_for_the_batch_sizes_of_the_cnn():
    cells = [c for c in load_study("cnn").published if c.subject.factor == "batch_size"]
    assert {cell.metric for cell in cells} == {"val_accuracy", "test_accuracy"}


def test_figures_in_the_unit_of_the_records():
    [cell] = cells_of("shallow", "val_accuracy", factor="hidden", value=256)
    assert (cell.low, cell.value, cell.bounds) == (97.94, 0.9794, (0.9794, 0.9794))
    assert cell.rounding == pytest.approx(0.00005)
    assert not cell.approximate
    where = {"factor": "architecture", "value": "cnn2"}
    [vram] = cells_of("compare-conv", "vram_mb", **where)
    assert vram.approximate
    assert (vram.bounds, vram.value) == ((794, 846), 820)


def test_curves_of_the_notebook():
    curves = {}
    for cell in load_study("compare-conv").published:
        if cell.epoch is not None:
            key = (cell.subject.value, cell.metric)
            curves.setdefault(key, {})[cell.epoch] = cell.value
    for model, epochs, best, epoch in (("cnn2", 20, 0.9930, 16), ("cnn3", 16, 0.9894, 11)):
        curve = curves[model, "val_accuracy"]
        assert list(curve) == list(range(1, epochs + 1))
        assert max(curve, key=curve.__getitem__) == epoch
        assert curve[epoch] == best
    # Sums of the printed columns, added up apart from the file.
    sums = {key: round(sum(curve.values()), 4) for key, curve in curves.items()}
    assert sums["cnn2", "val_accuracy"] == 19.8192
    assert sums["cnn2", "val_loss"] == 0.607
    assert sums["cnn2", "train_accuracy"] == 19.7526
    assert sums["cnn2", "train_loss"] == 0.7994
    assert sums["cnn3", "val_accuracy"] == 15.7728
    assert sums["cnn3", "val_loss"] == 0.8935
    assert sums["cnn3", "train_accuracy"] == 15.7266
    assert sums["cnn3", "train_loss"] == 0.9143


def test_impacts_follow_from_the_tables_where_the_sources_say_so():
    """The impacts that contradict their tables are those that the studies tell the reader of."""
    wrong = set()
    for name in ("shallow", "deep", "cnn"):
        study = load_study(name)
        for claim in study.claims:
            if claim.kind != "impact":
                continue
            values = [
                cell.low
                for cell in study.published
                if cell.subject.factor == claim.factor and cell.metric == claim.metric
            ]
            if abs(max(values) - min(values) - claim.published) > 0.001:
                wrong.add((name, claim.factor, round(max(values) - min(values), 2)))
    assert wrong == {("deep", "batch_size", 0.10), ("cnn", "learning_rate", 1.58)}


def test_shapes_of_the_perceptron():
    shapes = {shape.tensor: shape for shape in load_study("architectures").shapes}
    assert set(shapes) == {"w", "b", "x", "y", "t", "grad"}
    assert (shapes["x"].training, shapes["x"].test) == ((5, 784), (1, 784))
    assert shapes["w"].training == shapes["w"].test == (784, 10)


# Claims


def test_claims_1_to_57_are_there_once_each():
    labels = [
        claim.label for name in STUDY_NAMES for claim in load_study(name).claims if claim.label
    ]
    assert len(set(labels)) == len(labels)
    numbers = {}
    for label in labels:
        number, part = re.fullmatch(r"(\d+)([a-z]?)", label).groups()
        numbers.setdefault(int(number), []).append(part)
    assert sorted(numbers) == list(range(1, 58))
    for parts in numbers.values():  # "" alone, or "a", "b", ... without a hole
        assert parts == ([""] if len(parts) == 1 else list("abcd"[: len(parts)]))


def test_every_numbered_claim_is_in_one_study():
    homes: dict[int, set[str]] = {}
    for name in STUDY_NAMES:
        for claim in load_study(name).claims:
            if claim.number is not None:
                homes.setdefault(claim.number, set()).add(name)
    assert all(len(studies) == 1 for studies in homes.values())
    assert homes[10] == {"compare-conv"}
    assert {n for n, studies in homes.items() if studies == {"architectures"}} == {
        *(1, 2, 3, 6, 7, 8, 12, 14)
    }


def test_differences_in_claims_follow_from_the_figures():
    for name in STUDY_NAMES:
        for claim in load_study(name).claims:
            if claim.kind == "order" and (claim.difference is not None or name in FIRST_STUDIES):
                pair = (claim.a, claim.b)
            elif claim.kind == "no_gain" and claim.difference is not None:
                pair = (claim.contenders[0], claim.reference)
            else:
                continue
            better, worse = (_printed(name, subject, claim.metric) for subject in pair)
            sign = -1 if METRICS[claim.metric].better == "lower" else 1
            assert sign * (better - worse) == pytest.approx(claim.difference, abs=0.001)


def _printed(study: str, subject: Subject, metric: str) -> float:
    where = {"trial": subject.trial, "factor": subject.factor, "value": subject.value}
    return cells_of(subject.study or study, metric, **where)[0].low


def test_published_contradictions_are_told():
    for study, words in {
        "compare-conv": ["on the test set", "two heads"],
        "shallow": ["not a plus-minus", "never trained", "11 experiments", "last epoch"],
        "deep": ["0.20", "97.88", "never trained", "5 x 3 x 3 = 45", "last epoch"],
        "cnn": ["61,706", "1.58", "55.27", "never trained"],
        "architectures": ["ever trained"],
    }.items():
        text = " ".join(load_study(study).contradictions)
        assert [word for word in words if word not in text] == []


# Overriding


def test_an_override_that_changes_nothing_stays_comparable():
    study = load_study("shallow")
    assert study.override() == study
    assert study.override(validation="holdout").comparable


def test_an_override_reaches_every_training():
    study = load_study("shallow").override(epochs=2, validation="test")
    assert not study.comparable
    configs = [trial.config for trial in study.trials(wide=True)]
    assert {(c.epochs, c.validation) for c in configs} == {(2, "test")}
    assert study.factor("epochs") is None
    assert {claim.number for claim in study.claims} == {4, 13, None}
    assert all(cell.epoch is None for cell in study.published)
    assert load_study("shallow").comparable


def test_an_overridden_study_is_a_study():
    for study in (
        load_study("compare-conv").override(validation="holdout", patience=None),
        load_study("architectures").override(epochs=1),
    ):
        assert not study.comparable
        assert Study.model_validate(study.model_dump(by_alias=True)) == study


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"seed": 1}, "seed cannot be overridden"),
        ({"architecture": "cnn2"}, "architecture cannot be overridden"),
        ({"lr": 1}, "lr is no setting of shallow"),
        ({"epochs": 0}, "epochs is 0"),
        ({"hidden": (3, 4)}, "shallow takes one width"),
    ],
)
def test_wrong_overrides(fields, message):
    with pytest.raises(UserError, match=message):
        load_study("shallow").override(**fields)


# Files


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_round_trip(name):
    study = load_study(name)
    assert study.name == name
    assert Study.model_validate(study.model_dump(by_alias=True)) == study
    assert Study.model_validate_json(study.model_dump_json(by_alias=True)) == study


def test_the_example_of_the_documentation(tmp_path):
    text = DOC.read_text(encoding="utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    study = load_study(write(tmp_path, example))
    cost = study.cost()
    assert f"makes {cost.trainings} trainings of {cost.epochs} epochs" in text
    assert f"would be {cost.cell_trainings} trainings of {cost.cell_epochs} epochs" in text
    assert len(study.published) == 5
    assert len(study.claims) == 2
    for metric in METRICS:
        assert f"`{metric}`" in text
    kinds = {cls.model_fields["kind"].annotation.__args__[0] for cls in ClaimBase.__subclasses__()}
    assert kinds == set(re.findall(r"^\| `(\w+)` \| [^|]* \| [^|]* \|$", text, flags=re.MULTILINE))


def test_an_own_study_may_speak_of_a_built_in_one(tmp_path):
    claim = '[[claims]]\nkind = "gap"\ntext = "T"\npublished = 1\nsubject = '
    text = HEAD + BASE + FACTOR + claim + '{ study = "cnn", trial = "first test" }'
    assert load_study(write(tmp_path, text)).claims[0].label == ""
    assert "no trial of study cnn" in error_of(tmp_path, text.replace("first", "last"))
    assert "'cmm' is not known" in error_of(tmp_path, text.replace("cnn", "cmm"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "base = [1,\n]]", "not valid TOML: .*line 4"),
        (HEAD + "a = " + "[" * 20_000, "nested too deeply"),
        (HEAD + "a = 1" + "0" * 5000, "not valid TOML"),
        (HEAD + "colour = 1\n" + BASE + FACTOR, "colour is not a key"),
        (HEAD + BASE + FACTOR + "colour = 1", "factors #1, colour is not a key"),
        (HEAD + '"a\\nb" = 1\n' + BASE + FACTOR, "a b is not a key"),
        ('title = "T"\n' + BASE + FACTOR, "name is missing"),
        (HEAD + FACTOR, "base is missing"),
        (HEAD + "[base]\nepochs = 3\n" + FACTOR, "architecture is missing"),
        (HEAD + BASE + "seed = 3\n" + FACTOR, "base sets the seed"),
        (HEAD + BASE + "epoch = 3\n" + FACTOR, "base sets 'epoch'; did you mean epochs"),
        (HEAD + BASE + "epochs = 0\n" + FACTOR, "base: epochs is 0"),
        ('name = "mine"\ntitle = 3\n' + BASE + FACTOR, "title is 3; it should be a valid string"),
        (HEAD.replace("mine", "../mine") + BASE + FACTOR, "name is '../mine'"),
        (HEAD.replace("mine", "Mine") + BASE + FACTOR, "name is 'Mine'"),
        (HEAD.replace("mine", "x" * 65) + BASE + FACTOR, "name is"),
        (HEAD.replace("mine", "mine\\n") + BASE + FACTOR, "name is"),
        (HEAD.replace("mine", "shallow") + BASE + FACTOR, "name is 'shallow', which is taken"),
        (HEAD.replace("mine", "train") + BASE + FACTOR, "name is 'train', which is taken"),
        (HEAD + BASE, "nothing to train"),
        (
            HEAD + BASE + FACTOR.replace('"hidden"', '"hiden"', 1),
            "hiden, .* you mean hidden",
        ),
        (HEAD + BASE + FACTOR.replace('"hidden"', '"seed"', 1), "field is 'seed'; .* one of"),
        (HEAD + BASE + FACTOR.replace("[64, 128]", "[]"), "nothing to train"),
        (HEAD + BASE + FACTOR + FACTOR.replace("[64, 128]", "[]"), "factor 'hidden' appears twice"),
        (
            HEAD + BASE + FACTOR + '[[factors]]\nfield = "epochs"\nlabel = "e"',
            "factor epochs has no values",
        ),
        (HEAD + BASE + FACTOR.replace("128", "[]"), "values #2: .* list of whole numbers"),
        (HEAD + BASE + FACTOR.replace("128", "true"), "factor hidden, value true"),
        (HEAD + BASE + FACTOR.replace("128", "2024-01-01"), "values #2 is datetime"),
        (HEAD + BASE + FACTOR.replace("128", "[64]"), "value of factor hidden '64' appears twice"),
        (HEAD + BASE + FACTOR.replace("128", "[3, 4]"), "value 3-4: hidden is .* one width"),
        (
            HEAD + BASE + 2 * '[[trials]]\nname = "a"\n',
            "trial 'a' appears twice",
        ),
        (
            HEAD + BASE + '[[trials]]\nname = "a"\nchanges = { epochs = -1 }',
            "trial 'a': epochs is -1",
        ),
        (HEAD + BASE + FACTOR + TABLE + "[[65, 98]]", "table 'T': hidden = 65 is no trial"),
        (HEAD + BASE + FACTOR + TABLE + "[[64, 98, 1]]", "a row has 3 entries; expected 2"),
        (HEAD + BASE + FACTOR + TABLE + '[[64, "98 or so"]]', "a figure is '98 or so'; expected"),
        (HEAD + BASE + FACTOR + TABLE + "[[64, nan]]", "a figure is nan"),
        (HEAD + BASE + FACTOR + TABLE + "[[64, 1" + "0" * 400 + "]]", "a figure is 1000"),
        (HEAD + BASE + FACTOR + TABLE + "[[64, 98], [64, 97]]", "two rows for the same"),
        (
            HEAD + BASE + FACTOR + TABLE.replace("val_acc", "acc") + "[[64, 98]]",
            "a column is 'accuracy', which is no metric, .* you mean val_accuracy",
        ),
        (
            HEAD + BASE + FACTOR + TABLE.replace('"value"', '"epoch"') + "[[1, 98]]",
            "factor hidden is no trial",
        ),
        (
            HEAD
            + BASE
            + FACTOR
            + TABLE.replace('["value"', '["value", "epoch"')
            + "[[64, 16, 98]]",
            "epoch is 16, but hidden = 64 is trained for 15 epochs",
        ),
        (HEAD + BASE + FACTOR + CLAIM.replace("impact", "bests"), "kind is 'bests'; .* one of"),
        (HEAD + BASE + FACTOR + '[[claims]]\ntext = "T"', "claim 1, kind is missing"),
        (
            HEAD + BASE + FACTOR + CLAIM.replace('"hidden"', '"epochs"'),
            "claim 1: factor epochs is no factor of study mine",
        ),
        (
            HEAD + BASE + FACTOR + CLAIM + 'metric = "acc"',
            "metric is 'acc'; it is no metric; docs/studies.md lists them",
        ),
        (HEAD + BASE + FACTOR + (CLAIM + "number = 1\n") * 2, "claim 1 appears twice"),
        (
            HEAD + BASE + FACTOR.replace("[64, 128]", f"{list(range(1, 100_003))}"),
            "100002 trials; expected at most 1000",
        ),
    ],
)
def test_wrong_files(tmp_path, text, message):
    assert re.search(message, error_of(tmp_path, text))


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path):
    text = (STUDIES / "shallow.toml").read_text(encoding="utf-8").replace('"shallow"', '"mine"', 1)
    for encoding in ("utf-8", "utf-8-sig"):
        (tmp_path / f"{encoding}.toml").write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert load_study(tmp_path / "utf-8-sig.toml") == load_study(tmp_path / "utf-8.toml")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match=r"'shalow' is no study; expected one of compare-conv"):
        load_study("shalow")
    with pytest.raises(UserError, match="there is no such file"):
        load_study(tmp_path / "none.toml")
    with pytest.raises(UserError, match="there is no such file"):
        load_study(tmp_path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'name = "mine"\ntitle = "\xe9"\n')
    with pytest.raises(UserError, match="line 2 is not UTF-8"):
        load_study(latin)
    control = tmp_path / "control.toml"
    control.write_text('name = "mine"\ntitle = "a\\u001b[31m"\n')
    with pytest.raises(UserError, match=r"has a text with the character '\\x1b'; delete it"):
        load_study(control)
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(UserError, match="larger than 1 MiB"):
        load_study(large)
