"""`study new`, `study check` and `studies`: a study's file before anything is trained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import run_here
from generated_runs import write_run

from mnist_keras.analysis.doubts import doubts_of
from mnist_keras.errors import UserError
from mnist_keras.studies.beginning import beginning
from mnist_keras.studies.design import Study
from mnist_keras.studies.files import STUDY_NAMES
from mnist_keras.studies.loading import load_study, problems_of_file


def begun(tmp_path: Path, *varied: str, architecture: str = "shallow") -> Study:
    path = tmp_path / "a Study_1.toml"
    path.write_text(beginning(path, architecture, varied, None))
    return load_study(path)


def of_figures(tmp_path: Path, table: str, architecture: str | None = None) -> Study:
    path, figures = tmp_path / "study.toml", tmp_path / "figures.csv"
    figures.write_text(table)
    path.write_text(beginning(path, architecture, (), figures))
    return load_study(path)


# study new


def test_a_beginning_has_the_factors_with_their_values(tmp_path: Path) -> None:
    study = begun(tmp_path, "hidden=16,32", "optimizer=adam,sgd", "ema=0.9,0.99")
    assert study.name == "a-study-1"
    assert {one.field: one.values for one in study.factors} == {
        "hidden": (16, 32),
        "optimizer": ("adam", "sgd"),
        "ema": (0.9, 0.99),
    }


def test_widths_of_several_layers(tmp_path: Path) -> None:
    study = begun(tmp_path, "hidden=256x64,64x32x16", architecture="deep")
    assert study.factors[0].values == ((256, 64), (64, 32, 16))


def test_a_network_of_one_s_own_is_named_from_the_study_s_folder(tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text(
        "import keras\n"
        "def net(shape, classes, *, width: int = 8):\n"
        "    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(),\n"
        "        keras.layers.Dense(width), keras.layers.Dense(classes, activation='softmax')])\n"
    )
    path = tmp_path / "own.toml"
    path.write_text(beginning(path, f"{tmp_path}/nets.py:net", ["width=4,8"], None))
    assert 'architecture = "nets.py:net"' in path.read_text()
    assert load_study(path).factors[0].values == (4, 8)


def test_rows_that_differ_in_one_setting_are_a_factor(tmp_path: Path) -> None:
    study = of_figures(
        tmp_path, "batch_size,val_accuracy,seconds\n32,98.71,~40\n64,98.55,20-25\n", "lenet5"
    )
    assert study.factors[0].values == (32, 64)
    cells = {(str(one.subject), one.metric): one.text for one in study.published}
    assert cells[("batch_size = 32", "val_accuracy")] == "98.71 %"
    assert cells[("batch_size = 64", "seconds")] == "20-25 s"


def test_other_rows_are_trials_and_an_empty_cell_leaves_the_default(tmp_path: Path) -> None:
    study = of_figures(
        tmp_path,
        "trial,architecture,epochs,batch_size,test_accuracy\n"
        "one,shallow,10,64,97.9\ntwo,cnn2,10,,98.7\n",
    )
    assert [trial.name for trial in study.named_trials] == ["one", "two"]
    assert study.base == {"architecture": "shallow", "epochs": 10}
    two = study.varied(study.named_trials[1].changes)
    assert (two.architecture, two.batch_size, two.epochs) == ("cnn2", 32, 10)
    assert study.published[1].value == 0.987


def test_figures_keep_the_digits_that_are_printed(tmp_path: Path) -> None:
    study = of_figures(
        tmp_path,
        "trial,test_accuracy,gap,seconds\n"
        "a,97.80,-0.30,40\nb,97.8,-0.3,40.0\nc,97.775,0,~40\nd,98,,30-40\n",
        "shallow",
    )
    shown: dict[str, list[tuple[str, float]]] = {}
    for cell in study.published:
        shown.setdefault(cell.metric, []).append((cell.text, cell.rounding))
    assert shown["test_accuracy"] == [
        ("97.80 %", 0.00005), ("97.8 %", 0.0005), ("97.775 %", 0.000005), ("98 %", 0.005),
    ]  # fmt: skip
    assert shown["gap"] == [
        ("-0.30 points", 0.00005), ("-0.3 points", 0.0005), ("0 points", 0.005),
    ]  # fmt: skip
    assert [text for text, _ in shown["seconds"]] == ["40 s", "40.0 s", "~40 s", "30-40 s"]


def test_a_number_has_the_digits_that_its_metric_usually_has(tmp_path: Path) -> None:
    rows = '[[32, 97.8, 40], [64, "97.8", "40"]]'
    path = tmp_path / "mine.toml"
    path.write_text(
        SOUND + TABLE + f'columns = ["value", "test_accuracy", "seconds"]\nrows = {rows}'
    )
    number, seconds, text, whole = load_study(path).published
    assert (number.text, text.text) == ("97.80 %", "97.8 %")
    assert (number.rounding, text.rounding) == (0.00005, 0.0005)
    assert (number.half_digit, text.half_digit) == (0.05, 0.05)
    assert (seconds.text, whole.text) == ("40.0 s", "40 s")
    assert (seconds.half_digit, whole.half_digit) == (0.5, 0.5)
    assert number.value == text.value == 0.978


@pytest.mark.parametrize(
    ("varied", "told"),
    [
        ("hiden=1,2", "'hiden' is no setting; did you mean hidden?"),
        ("hidden=1", "a factor has two values or more"),
        ("epochs=1,x", "'x' is given; it should be a valid integer"),
        ("architecture=shallow,cn2", "'cn2' is no network; did you mean cnn2?"),
    ],
)
def test_what_cannot_vary(tmp_path: Path, varied: str, told: str) -> None:
    with pytest.raises(UserError) as error:
        begun(tmp_path, varied)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("epochs,tset_accuracy\n1,97\n", "did you mean test_accuracy"),
        ("epochs,batch_size\n1,97\n", "no column is a metric"),
        ("epochs,test_accuracy\n1\n", "is not as wide"),
        ("epochs,test_accuracy\n", "has no row"),
        ("epochs,epochs,test_accuracy\n1,1,97\n", "is there twice"),
    ],
)
def test_what_is_no_table_of_figures(tmp_path: Path, table: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        of_figures(tmp_path, table, "shallow")


def test_a_table_names_its_network(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="add it, or give --architecture"):
        of_figures(tmp_path, "epochs,test_accuracy\n1,97\n")


def test_a_file_that_is_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = ("study", "new", "mine.toml", "--architecture", "shallow", "--vary", "epochs=1,2")
    assert run_here(*command).code == 0
    before = Path("mine.toml").read_text()
    again = run_here(*command)
    assert (again.code, Path("mine.toml").read_text()) == (1, before)
    assert "is there already" in again.err
    assert run_here("study", "new", "mine", *command[3:]).code == 1
    assert run_here("study", "new", "other.toml").code == 2
    assert run_here(*command, "--published", "x.csv").code == 2


# study check

SOUND = """
name = "mine"
title = "Mine"
source = "Somebody"
[base]
architecture = "shallow"
hidden = 16
epochs = 3
[[factors]]
field = "batch_size"
label = "batch size"
values = [32, 64]
[[trials]]
name = "long"
changes = { epochs = 5 }
[[trials]]
name = "all of them"
ensemble = 2
"""


def claim(kind: str, more: str) -> str:
    return f'[[claims]]\nkind = "{kind}"\ntext = "It is said."\n{more}\n'


def doubts(tmp_path: Path, more: str, sound: str = SOUND) -> list[str]:
    path = tmp_path / "mine.toml"
    path.write_text(sound + more)
    study, mistakes = problems_of_file(path)
    assert not mistakes
    assert study is not None
    return doubts_of(study)


NOTHING = claim("monotone", 'factor = "batch_size"\nmetric = "seconds"\ndirection = "falls"')


def test_a_sound_study_raises_no_doubt(tmp_path: Path) -> None:
    assert doubts(tmp_path, NOTHING) == []


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_the_studies_of_the_package_can_be_run(name: str) -> None:
    outcome = run_here("study", "check", name, "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out)["mistakes"] == []


A, B = 'a = { factor = "batch_size", value = 32 }', 'b = { factor = "batch_size", value = 64 }'
LONG, ALL = '{ trial = "long" }', '{ trial = "all of them" }'
TABLE = '[[tables]]\ntitle = "T"\nfactor = "batch_size"\n'


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            claim("order", f'a = {LONG}\nb = {LONG}\nmetric = "test_accuracy"'),
            "are one training, so nothing can tell them apart",
        ),
        (
            claim("order", f'a = {ALL}\nb = {LONG}\nmetric = "val_accuracy"'),
            "trial 'all of them' is an ensemble, which has no val_accuracy",
        ),
        (
            claim("order", f'{A}\n{B}\nmetric = "best_epoch"'),
            "best_epoch is better neither when higher nor when lower",
        ),
        (
            claim("order", f'{A}\n{B}\nmetric = "data_seconds"'),
            "no run records data_seconds",
        ),
        (
            claim("order", f'{A}\n{B}\nmetric = "test_accuracy"\ndifference = 0.05'),
            "a difference of 0.05, within the margin of 0.1",
        ),
        (
            TABLE + 'columns = ["value", "test_accuracy"]\nrows = [[32, 97.0], [64, 98.0]]\n'
            + claim("order", f'{A}\n{B}\nmetric = "test_accuracy"'),
            "its own figures say the opposite, 97 and 98",
        ),
        (
            TABLE + 'columns = ["value", "test_accuracy"]\nrows = [[32, 0.97], [64, 98.0]]\n',
            "figures are percent numbers",
        ),
        (
            TABLE + 'columns = ["value", "test_accuracy"]\nrows = [[32, 101.0]]\n',
            "figures are as printed, from 0 to 100",
        ),
        (
            TABLE + 'columns = ["value", "best_epoch"]\nrows = [[32, 4]]\n',
            "it is trained for 3 epochs",
        ),
        (
            '[[factors]]\nfield = "epochs"\nlabel = "e"\nvalues = [4]\n'
            + claim("impact", 'factor = "epochs"\npublished = 0.2'),
            "epochs has one value, so nothing can come of it",
        ),
        (
            '[[factors]]\nfield = "epochs"\nlabel = "e"\nvalues = [4, 5]\n',
            "factor epochs: the base's value, 3, is not among its values",
        ),
        (
            '[[factors]]\nfield = "optimizer"\nlabel = "o"\nvalues = ["adam", "sgd"]\n'
            + claim("monotone", 'factor = "optimizer"\nmetric = "seconds"\ndirection = "grows"'),
            "optimizer has values that are no numbers",
        ),
        (
            '[[trials]]\nname = "as long"\nchanges = { epochs = 5 }\n',
            "trials 'long' and 'as long' are one training",
        ),
        (
            '[[trials]]\nname = "line"\nchanges = { architecture = "perceptron" }\n'
            + claim(
                "order", f'a = {{ trial = "line" }}\nb = {LONG}\nmetric = "test_nll"'
            ),
            "trial 'line' ends in scores, so it has no test_nll",
        ),
        ("", "it has no claims"),
    ],
)  # fmt: skip
def test_what_may_be_wrong(tmp_path: Path, more: str, told: str) -> None:
    assert any(told in line for line in doubts(tmp_path, more)), doubts(tmp_path, more)


@pytest.mark.parametrize(("printed", "doubted"), [(0.87, False), (0.0087, True)])
def test_an_error_below_one_percent_is_an_error_and_no_fraction(
    tmp_path: Path, printed: float, doubted: bool
) -> None:
    rows = f'columns = ["value", "test_error"]\nrows = [[32, {printed}]]\n'
    found = any("figures are percent numbers" in line for line in doubts(tmp_path, TABLE + rows))
    assert found == doubted


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(
        SOUND.replace("values = [32, 64]", "values = [32, 0]\nvalus = 3").replace(
            "ensemble = 2", "ensembel = 2"
        )
    )
    outcome = run_here("study", "check", str(path), "--json")
    assert outcome.code == 1
    assert outcome.err == f"error: {path} has 2 mistakes; correct and look again\n"
    assert json.loads(outcome.out)["mistakes"] == [
        "factors #1, valus is not a key of a study file; did you mean values?",
        "trials #2, ensembel is not a key of a study file; did you mean ensemble?",
    ]
    path.write_text(
        SOUND.replace("values = [32, 64]", "values = [32, 0]").replace("epochs = 5", "epoch = 5")
    )
    one, two = problems_of_file(path)[1]
    assert one.startswith("factor batch_size, value 0: batch_size is 0;")
    assert two == "trial 'long' sets 'epoch'; did you mean epochs?"


def test_a_wrong_metric_is_answered_with_the_nearest_in_one_line_that_names_the_claim(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        SOUND
        + TABLE + 'columns = ["value", "tset_accuracy"]\nrows = [[32, 97.0]]\n'
        + claim("order", f'{A}\n{B}\nmetric = "test_acuracy"\nnumber = 4\npart = "b"')
        + claim("equal", f'{A}\n{B}\ntolerance = 0.1\nmetrics = ["sekonds", "nll"]')
        + claim("order", f'{A}\n{B.replace("64", "65")}\nmetric = "nonsense"')
    )  # fmt: skip
    listed = "docs/studies.md lists them"
    mistakes = problems_of_file(path)[1]
    table, first, *second, third = mistakes
    assert table.startswith("tables #1: a column is 'tset_accuracy', which is no metric, trial, ")
    assert table.endswith(listed)
    assert first.startswith(
        "claim 4b, metric is 'test_acuracy'; it is no metric; did you mean test_ac"
    )
    assert [line.split(";")[0] for line in second] == [
        "claim 2, metrics #1 is 'sekonds'", "claim 2, metrics #2 is 'nll'",
    ]  # fmt: skip
    assert third == f"claim 3, metric is 'nonsense'; it is no metric; {listed}"
    assert max(map(len, mistakes)) < 160
    with pytest.raises(UserError, match=r"claim 4b, metric|tables #1"):
        load_study(path)


def test_a_claim_is_called_by_its_number_or_its_place_wherever_it_is_told_of(
    tmp_path: Path,
) -> None:
    far = B.replace("64", "65")
    more = NOTHING + claim("order", f'{A}\n{A.replace("a =", "b =")}\nmetric = "test_accuracy"')
    named = claim("order", f'{A}\n{far}\nmetric = "test_accuracy"\nnumber = 7\npart = "a"')
    unnamed = claim("order", f'{A}\n{far}\nmetric = "test_accuracy"')
    (line,) = [line for line in doubts(tmp_path, more) if "nothing can tell them apart" in line]
    assert line.startswith("claim 2: ")
    (tmp_path / "mine.toml").write_text(SOUND + NOTHING + named + unnamed)
    told = [line.partition(":")[0] for line in problems_of_file(tmp_path / "mine.toml")[1]]
    assert told == ["claim 7a", "claim 3"]
    twice = SOUND + NOTHING + named.replace("65", "64") * 2
    (tmp_path / "mine.toml").write_text(twice)
    assert problems_of_file(tmp_path / "mine.toml")[1] == ["claim 7a appears twice; delete one"]


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ('factor = "batch size"\nvalue = 32', "did you mean batch_size?"),
        ('factor = "batchsize"\nvalue = 32', "did you mean batch_size?"),
        ('factor = "batch_size"\nvalue = 33', "the values of batch_size are 32, 64"),
    ],
)
def test_a_claim_about_what_is_not_there_is_told_what_is(
    tmp_path: Path, subject: str, told: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SOUND + claim("best_value", subject))
    (line,) = problems_of_file(path)[1]
    assert told in line
    with pytest.raises(UserError, match="is no trial of study mine"):
        load_study(path)


def test_a_contradiction_of_the_source_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    table = TABLE + 'columns = ["value", "val_accuracy"]\nrows = [[32, 97.0], [64, 98.0]]\n'
    path.write_text(SOUND + table + claim("impact", 'factor = "batch_size"\npublished = 0.3'))
    outcome = run_here("study", "check", str(path), "--json")
    assert "is stated as 0.30; its table gives 1.00" in " ".join(json.loads(outcome.out)["doubts"])


def table(columns: str, *rows: str, title: str = "T", trial: str = "long") -> str:
    """A table of figures of one trial."""
    listed = ", ".join(f"[{row}]" for row in rows)
    return (
        f'[[tables]]\ntitle = "{title}"\ntrial = "{trial}"\n'
        f"columns = [{columns}]\nrows = [{listed}]\n"
    )


def told_of(tmp_path: Path, more: str, sound: str = SOUND) -> list[str]:
    """All that `study check` has to say of a file that can be run."""
    path = tmp_path / "mine.toml"
    path.write_text(sound + more)
    outcome = run_here("study", "check", str(path), "--json")
    assert outcome.code == 0, outcome.out
    return list(json.loads(outcome.out)["doubts"])


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("99.13", "99.3", "test accuracy 99.13 % in the table “T”, test accuracy 99.30 % in"),
        ("97.77", "97.8", None),
        ("97.77", '"97.8"', None),
        ("97.77", '"97.80"', "test accuracy 97.80 % in the table “U”."),
        ("97.77", '"~95"', None),
        ("97.77", '"~90"', "test accuracy ~90 % in the table “U”."),
        ("97.77", '"97.5-98"', None),
    ],
)
def test_two_figures_of_one_thing_that_do_not_agree_are_told(
    tmp_path: Path, first: str, second: str, told: str | None
) -> None:
    column = '"test_accuracy"'
    more = table(column, first) + table(column, second, title="U")
    lines = [line for line in told_of(tmp_path, NOTHING + more) if "do not agree" in line]
    assert len(lines) == (told is not None)
    assert told is None or (told in lines[0] and "figures of long do" in lines[0])


@pytest.mark.parametrize(
    ("error", "agrees"), [("2.2", True), ("2.25", True), ('"2.20"', True), ("2.3", False)]
)
def test_an_error_and_an_accuracy_are_compared(tmp_path: Path, error: str, agrees: bool) -> None:
    more = table('"test_accuracy", "test_error"', f"97.8, {error}")
    lines = [line for line in told_of(tmp_path, NOTHING + more) if "do not agree" in line]
    assert len(lines) == (not agrees)
    assert agrees or "test accuracy 97.80 % in the table “T”, test error 2.30 %" in lines[0]


def test_the_last_epoch_is_the_one_of_its_number(tmp_path: Path) -> None:
    epochs = table('"epoch", "test_accuracy"', "4, 97.0", "5, 98.0")
    for printed, count in (("98.0", 0), ("97.0", 1)):
        more = epochs + table('"last_test_accuracy"', printed, title="U")
        lines = [line for line in told_of(tmp_path, NOTHING + more) if "do not agree" in line]
        assert len(lines) == count
    assert "test accuracy of epoch 5 98.00 % in the table “T”" in lines[0]


def test_a_claim_is_compared_with_every_table(tmp_path: Path) -> None:
    column = 'columns = ["value", "test_accuracy"]'
    tables = TABLE + f"{column}\nrows = [[32, 99.13], [64, 97.77]]\n"
    tables += TABLE.replace("T", "U") + f"{column}\nrows = [[32, 99.3], [64, 97.8]]\n"
    for difference, agrees in ((1.36, True), (1.5, True), (1.9, False)):
        order = f'{A}\n{B}\nmetric = "test_accuracy"\ndifference = {difference}'
        lines = told_of(tmp_path, tables + claim("order", order))
        assert any("is stated as" in line for line in lines) != agrees
    ratio = (
        f"numerator = {{{B.partition('{')[2]}\ndenominator = {{{A.partition('{')[2]}\n"
        'metric = "test_error"\npublished = '
    )
    for published, agrees in ((2.56, True), (3.1, True), (4.0, False)):
        lines = told_of(tmp_path, tables + claim("ratio", f"{ratio}{published}"))
        assert any("ratio" in line and "is stated as" in line for line in lines) != agrees
    turned = tables.replace("[32, 99.3], [64, 97.8]", "[32, 97.7], [64, 99.3]")
    order = claim("order", f'{A}\n{B}\nmetric = "test_accuracy"')
    assert "claim 1: its own figures say the opposite, 97.7 and 99.3" in told_of(
        tmp_path, turned + order
    )


def test_one_training_under_two_names_has_one_figure(tmp_path: Path) -> None:
    base = '[[trials]]\nname = "base"\nchanges = { batch_size = 32 }\n'
    rows = (
        TABLE
        + 'columns = ["value", "test_accuracy", "seconds"]\nrows = [[32, 97.3, 5], [64, 98, 9]]\n'
    )
    other = table('"test_accuracy", "seconds"', "97.4, 7", title="U", trial="base")
    (line,) = [one for one in told_of(tmp_path, NOTHING + base + rows + other) if "training" in one]
    assert line == (
        "batch_size = 32 and trial 'base' are one training, with test_accuracy 97.30 % in table "
        "'T' and test_accuracy 97.40 % in table 'U': two runs of the source, or a mistake"
    )
    same = other.replace("97.4", "97.3")
    assert told_of(tmp_path, NOTHING + base + rows + same) == []


@pytest.mark.parametrize(
    ("printed", "images", "told"),
    [
        ("97.775", "", "No whole number of 10,000 images gives 97.775 % for long (test accuracy)"),
        ("97.77", "", None),
        ("97.8", "", None),
        ('"~97.775"', "", None),
        ("97.775", "[images]\ntest_accuracy = 4000\n", None),
        ("97.77", "[images]\ntest_accuracy = 500\n", "the nearest is 97.80"),
        ('"97.8"', "[images]\ntest_accuracy = 20\n", "No whole number of 20 images gives 97.8 %"),
    ],
)
def test_a_share_that_no_whole_number_of_images_gives(
    tmp_path: Path, printed: str, images: str, told: str | None
) -> None:
    sound = SOUND.replace("[base]", f"{images}[base]")
    lines = told_of(tmp_path, NOTHING + table('"test_accuracy"', printed), sound)
    assert (lines == []) if told is None else (told in lines[0])


@pytest.mark.parametrize(
    ("printed", "trial", "told"),
    [
        ("12730", "long", None),
        (
            "12731",
            "long",
            "table 'T': 12731 parameters of trial 'long', whose network here has 12,730",
        ),
        ('"~12500"', "long", None),
        ('"~12000"', "long", "~12000 parameters"),
        ('"12000-13000"', "long", None),
        ('"13000-14000"', "long", "13000-14000 parameters"),
        ("25460", "all of them", None),
        ("12730", "all of them", "network here has 25,460"),
    ],
)
def test_a_number_of_parameters_that_the_network_does_not_have(
    tmp_path: Path, printed: str, trial: str, told: str | None
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SOUND + NOTHING + table('"parameters"', printed, trial=trial))
    lines = doubts_of(load_study(path), lambda config: 785 * config.hidden[0] + 17 * 10)
    assert (lines == []) if told is None else (told in lines[0])


def test_the_parameters_are_those_of_the_network_that_is_built() -> None:
    (line,) = json.loads(run_here("study", "check", "architectures", "--json").out)["doubts"][:1]
    assert line.startswith("table 'Architectures': ~300000 parameters of trial 'deep', whose")
    assert "here has 242,762;" in line


def test_an_epoch_that_is_chosen_on_the_test_images_is_told(tmp_path: Path) -> None:
    def told(sound: str, more: str = "") -> list[str]:
        return [line for line in told_of(tmp_path, NOTHING + more, sound) if "keep" in line]

    on_test = SOUND.replace("epochs = 3", 'epochs = 3\nvalidation = "test"')
    (line,) = told(on_test)
    assert line.startswith("every training: validation is test and keep is not last")
    assert told(on_test.replace("epochs = 3", 'epochs = 3\nkeep = "last"')) == []
    one = '[[trials]]\nname = "chosen"\nchanges = { validation = "test" }\n'
    (line,) = told(SOUND, one)
    assert line.startswith("'chosen': validation is test")


def test_texts_that_were_to_be_replaced_are_told(tmp_path: Path) -> None:
    def left(study: Study) -> list[str]:
        return [line for line in doubts_of(study) if " is still " in line]

    study = of_figures(tmp_path, "epochs,test_accuracy\n1,97.00\n2,98.00\n", "shallow")
    assert left(study) == [
        "source is still 'Who published it, and where'; put in what is so, or delete it",
        "protocol is still 'How they trained, and what differs here'; put in what is so, or delete "
        "it",
        "table 1, title is still 'Which of their tables'; put in what is so, or delete it",
    ]
    path = tmp_path / "study.toml"
    text = path.read_text()
    for old, new in (("Who published it, and where", "A book"), ("How they", "As the book says")):
        text = text.replace(old, new)
    path.write_text(
        text.replace("Which of their tables", "Table 3") + NOTHING.replace("batch_size", "epochs")
    )
    assert left(load_study(path)) == []
    path.write_text(path.read_text().replace("It is said.", "TODO: what it says"))
    assert left(load_study(path)) == [
        "claim 1, text is still 'TODO: what it says'; put in what is so, or delete it"
    ]
    begun = beginning(path, "shallow", ["hidden=16,32"], None).replace("# source", "source")
    path.write_text(begun)
    assert left(load_study(path))[0].startswith("source is still 'A. Author, Title, year, table 3'")


def test_a_study_is_still_run_by_its_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_here("study", "new").err.startswith("error: Missing argument 'FILE.toml'")
    assert "is not one of" in run_here("study", "neww").err
    assert not {"new", "check"} & set(STUDY_NAMES)


def test_a_name_that_is_not_built_in_may_stand_for_a_file_here_or_a_study_s_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("chollet.toml").write_text(SOUND)
    for command in (("study", "chollet"), ("plan", "cholet"), ("report", "cholet")):
        outcome = run_here(*command)
        assert outcome.code == 2
        assert outcome.err.count("Did you mean 'chollet.toml'?") == 1
    assert run_here("study", "shalow").err.count("Did you mean 'shallow'?") == 1
    for logs in ("logs", "others"):
        Path(logs, "chollet").mkdir(parents=True)
        Path(logs, "chollet", "study.json").write_text("[]")
    Path("others", "chollet").rename("others/chollets")
    assert run_here("report", "cholet").err.count("Did you mean 'chollet'?") == 1
    here = run_here("report", "cholets", "--logs", "others")
    assert here.err.count("Did you mean 'chollets'?") == 1
    assert "Did you mean" not in run_here("report", "quixotic").err


# studies


def test_the_list_of_studies_has_their_trainings_and_time(tmp_path: Path) -> None:
    rows = json.loads(run_here("studies", "--logs", str(tmp_path), "--json").out)
    assert [row["study"] for row in rows] == list(STUDY_NAMES)
    shallow = rows[STUDY_NAMES.index("shallow")]
    assert (shallow["trainings"], shallow["seconds_left"]) == (9, None)
    told = run_here("studies", "--logs", str(tmp_path)).out
    for row in rows:
        assert row["shortened"] == load_study(row["study"]).shortened
    assert told.count("(shortened") == sum(bool(row["shortened"]) for row in rows) > 0
    study = load_study("architectures")
    for config in study.run_configs(range(1)):
        write_run(tmp_path, "train", config.replace(seed=7), {"val_accuracy": [0.9] * 2})
    rows = json.loads(run_here("studies", "--logs", str(tmp_path), "--jobs", "1", "--json").out)
    known = rows[STUDY_NAMES.index("architectures")]
    epochs = [config.epochs for config in study.run_configs(range(1))]
    assert known["seconds_left"] == sum(epochs) + len(epochs)


def test_reproduce_takes_names_or_all() -> None:
    assert run_here("reproduce", "shallow", "--all").code == 2
    assert run_here("reproduce", "shalow").code == 2
