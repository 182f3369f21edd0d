from __future__ import annotations

import signal
import threading

import pytest
from small_runs import folder_below, noisy_data, small_config, train_below

from mnist_keras.training.interruptions import Interruptions
from mnist_keras.training.state import load_state


class TerminatedError(Exception):
    pass


def terminate(number, frame):
    raise TerminatedError


@pytest.fixture(autouse=True)
def handlers():
    """SIGINT and SIGTERM raise, and have the same handlers after a test as before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, terminate)
    yield
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, TerminatedError)]
)
def test_a_signal_waits_for_a_check(number, error):
    done = []

    def work():
        with Interruptions() as interruptions:
            interruptions.check()
            signal.raise_signal(number)
            done.append("work after the signal")
            interruptions.check()
            done.append("work after the check")

    with pytest.raises(error):
        work()
    assert done == ["work after the signal"]


def test_one_that_no_check_has_seen_is_let_through_at_the_end():
    def work():
        with Interruptions():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(TerminatedError):
        work()


def test_one_is_not_let_through_in_the_place_of_an_error():
    def work():
        with Interruptions():
            signal.raise_signal(signal.SIGTERM)
            raise ValueError("the error")

    with pytest.raises(ValueError, match="the error"):
        work()


def test_a_second_ctrl_c_is_let_through_at_once():
    with Interruptions():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_what_is_ignored_stays_ignored():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with Interruptions() as interruptions:
        signal.raise_signal(signal.SIGTERM)
        interruptions.check()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN


def test_a_handler_s_own_successor_is_kept():
    """A worker ignores SIGTERM once it was told to stop."""

    def ignore_further(number, frame):
        signal.signal(number, signal.SIG_IGN)
        raise TerminatedError

    def work():
        with Interruptions():
            signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, ignore_further)
    with pytest.raises(TerminatedError):
        work()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN


def test_other_threads_hold_nothing():
    def work():
        with Interruptions():
            found.append(signal.getsignal(signal.SIGTERM))

    found = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [terminate]


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, TerminatedError)]
)
def test_a_training_ends_between_two_steps_with_all_its_epochs_kept(tmp_path, number, error):
    """The signal comes before the state of its epoch is taken."""
    data = noisy_data()
    config = small_config("lenet5", data)

    def send(rows):
        if len(rows) == 2:
            signal.raise_signal(number)

    with pytest.raises(error):
        train_below(tmp_path, config, data, tensorboard=False, on_epoch=send)
    state, _ = load_state(folder_below(tmp_path, config).state)
    assert state.epochs == 2


@pytest.mark.parametrize("step", ["train", "test"])
def test_every_kind_of_step_is_followed_by_a_check(tmp_path, monkeypatch, step):
    from mnist_keras.training.engine import EpochEngine

    make = f"make_{step}_function"
    original = getattr(EpochEngine, make)

    def make_telling(engine, *arguments, **options):
        original(engine, *arguments, **options)
        function = getattr(engine, f"{step}_function")

        def tell(iterator):
            signal.raise_signal(signal.SIGTERM)
            told.append(step)
            return function(iterator)

        setattr(engine, f"{step}_function", tell)

    told = []
    monkeypatch.setattr(EpochEngine, make, make_telling)
    monkeypatch.setattr(EpochEngine, "warm_up", lambda engine, validation: 0.0)
    data = noisy_data()
    with pytest.raises(TerminatedError):
        train_below(tmp_path, small_config("lenet5", data), data, tensorboard=False)
    assert told == [step]


def test_the_steps_of_the_prediction_are_followed_by_a_check(tmp_path, monkeypatch):
    from mnist_keras.training import pipelines
    from mnist_keras.training.engine import EpochEngine

    monkeypatch.setattr(pipelines, "EVALUATION_BATCH", 10)
    predict_step = EpochEngine.predict_step

    def tell(engine, batch):
        signal.raise_signal(signal.SIGTERM)
        told.append(len(batch[0]))
        return predict_step(engine, batch)

    told = []
    monkeypatch.setattr(EpochEngine, "predict_step", tell)
    data = noisy_data()
    with pytest.raises(TerminatedError):
        train_below(tmp_path, small_config("lenet5", data), data, tensorboard=False)
    assert told == [10]
