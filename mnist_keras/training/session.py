"""One session of a run: from building the model, or going on with it, to the written result."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from mnist_keras.config import RunConfig, recorded_config
from mnist_keras.data.dataset import Dataset
from mnist_keras.errors import UserError
from mnist_keras.runs.records import RunFolder, replace_file, write_epochs, write_json
from mnist_keras.scores import SCORES
from mnist_keras.training.augment import Augmenter
from mnist_keras.training.averages import swap_averages
from mnist_keras.training.callbacks import RunCallbacks, restore_variables
from mnist_keras.training.compiled import confirm_compiled
from mnist_keras.training.engine import EpochEngine
from mnist_keras.training.environment import computes_alike, describe_environment
from mnist_keras.training.epoch_callbacks import MonitoredScore
from mnist_keras.training.events import tensorboard_is_installed
from mnist_keras.training.examine import examine
from mnist_keras.training.interruptions import CheckInterruptions, Interruptions
from mnist_keras.training.options import RunOptions, covers
from mnist_keras.training.own_models import save_variables
from mnist_keras.training.parts import lit_pixels, parts_of
from mnist_keras.training.pipelines import evaluation_dataset
from mnist_keras.training.state import RunState, check_fits, load_state, remove_state
from mnist_keras.training.summary import summarize_resources, summarize_rows
from mnist_keras.training.views import with_views
from mnist_keras.training.warm import WarmEngines


class Session:
    """One session of one run.

    Args:
        config: what to train.
        data: the configuration's data set.
        options: how and where.
        folder: the run's folder, held by this process; it has the configuration and no result.
        interruptions: holds signals back.
        engines: of earlier runs of this process.
    """

    def __init__(
        self,
        config: RunConfig,
        data: Dataset,
        options: RunOptions,
        folder: RunFolder,
        interruptions: Interruptions,
        engines: WarmEngines,
    ) -> None:
        self.config = config
        self.data = data
        self.options = options
        self.folder = folder
        self.interruptions = interruptions
        self.engines = engines
        self.check_interruptions = CheckInterruptions(interruptions)
        self.test = evaluation_dataset(data.x_test, data.y_test)
        self.environment = {**describe_environment(), "data_sha256": data.sha256}

    def run(self) -> None:
        """Train what is left to train, evaluate, and publish the result.

        Raises:
            UserError: the state of an earlier session cannot be used.
            DamagedStateError: it cannot be read; nothing has been done then.
        """
        state = self._load_state()
        engine, validation = self._prepare()
        self.interruptions.check()
        wanted = engine.jit_compile
        compile_seconds = engine.warm_up(validation)
        if wanted and not engine.jit_compile:
            self.options.on_note(
                f"XLA cannot compile a layer of {self.config.label}; it is trained without"
            )
        if state is not None:
            self._check_fits(state, engine)
        if state is None or not state.finished:
            state = self._fit(engine, validation, self._callbacks(state, validation), state)
        evaluations = self._evaluate(engine, state)
        self.interruptions.check()
        self._publish(state, evaluations, compile_seconds, engine)
        remove_state(self.folder.state)
        confirm_compiled()  # what the evaluation needed
        self.engines.keep(self.config, engine, self.lit)

    def _load_state(self) -> RunState | None:
        loaded = load_state(self.folder.state)
        if loaded is None:
            return None
        state, note = loaded
        if note:
            self.options.on_note(note)
        if recorded_config(state.config) != self.config:
            raise UserError(
                f"{self.folder.state} is of another configuration; "
                "start the run again with --fresh, which sets its folder aside"
            )
        if not covers(state.rows, self.options):
            self.options.on_note(
                "the epochs so far lack the curve on the test set; the run begins again"
            )
            return None
        exact = computes_alike(state.environment, self.environment)
        self.options.on_note(
            f"resumed after epoch {state.epochs}" + ("" if exact else ", not bit-exact")
        )
        state.resumed["times"] = state.resumed.get("times", 0) + 1
        state.resumed["bit_exact"] = state.resumed.get("bit_exact", True) and exact
        return state

    def _check_fits(self, state: RunState, engine: EpochEngine) -> None:
        variables = {
            "variables": engine.plain.variables,
            "optimizer": engine.optimizer.variables,
            "best_weights": engine.weights,
        }
        check_fits(self.folder.state, state, self.config, variables)

    def _prepare(self) -> tuple[EpochEngine, tf.data.Dataset]:
        data, config = self.data, self.config
        training, validation = parts_of(config, data)
        self.lit = lit_pixels(config, data)
        engine = self.engines.take(config, *training, self.lit)
        self.val_labels = data.y_test if config.validates_on_test else validation[1]
        if config.validates_on_test:
            return engine, self.test
        return engine, evaluation_dataset(*validation)

    def _callbacks(self, state: RunState | None, validation: tf.data.Dataset) -> RunCallbacks:
        return RunCallbacks(
            self.config,
            self.folder,
            state=state,
            environment=self.environment,
            on_epoch=self.options.on_epoch,
            on_usage=self.options.on_usage,
            score=self._score(validation),
            test_curve=self.test if self.options.test_curve else None,
            tensorboard=self._writes_events,
            histograms=self.options.histograms,
            should_stop=self.options.should_stop,
            check_interruptions=self.check_interruptions,
        )

    def _score(self, validation: tf.data.Dataset) -> MonitoredScore | None:
        name = self.config.monitored_score
        if name is None:
            return None
        check = self.interruptions.check
        return MonitoredScore(self.config.monitor, SCORES[name], validation, self.val_labels, check)

    @cached_property
    def _writes_events(self) -> bool:
        if self.options.tensorboard and not tensorboard_is_installed():
            self.options.on_note(
                "TensorBoard is not installed, so no event files are written; "
                "install it with: pip install tensorboard"
            )
            return False
        return self.options.tensorboard

    def _fit(
        self,
        engine: EpochEngine,
        validation: tf.data.Dataset,
        callbacks: RunCallbacks,
        state: RunState | None,
    ) -> RunState:
        first_epoch = state.epochs if state else 0
        try:
            engine.fit(
                engine.epochs_dataset(
                    self.config.seed, first_epoch, self.config.epochs, Augmenter.of(self.config)
                ),
                epochs=self.config.epochs,
                initial_epoch=first_epoch,
                steps_per_epoch=len(engine.chunks()),
                validation_data=validation,
                callbacks=callbacks.in_order,
                shuffle=False,
                verbose=0,
            )
        finally:
            # Whatever ended the training, Ctrl-C included: the last whole epoch is kept.
            callbacks.close()
        assert callbacks.state_keeper.state is not None
        return callbacks.state_keeper.state

    def _evaluate(self, engine: EpochEngine, state: RunState) -> dict[str, float]:
        """Read the test set for the last epoch's weights, then the best one's; keep those."""
        restore_variables(engine, state)
        if self.config.ema is not None:
            swap_averages(engine)  # they are what is judged
        last = self._evaluate_on_test(engine)
        engine.set_weights(state.best_weights)
        best = self._evaluate_on_test(engine)
        predicted: dict[str, Any] = self._predict(engine)
        with replace_file(self.folder.predictions) as beside:
            np.savez_compressed(beside, labels=self.data.y_test, **predicted)
        with replace_file(self.folder.model) as beside:
            engine.plain.save(beside)
        if self.config.network is not None:
            save_variables(self.folder.variables, engine.plain)
        return {
            "test_accuracy": best["accuracy"],
            "test_loss": best["loss"],
            "last_test_accuracy": last["accuracy"],
            "last_test_loss": last["loss"],
        }

    def _evaluate_on_test(self, engine: EpochEngine) -> dict[str, float]:
        """`accuracy` and `loss` on the test set, as the run answers."""
        if not self.config.test_shift:
            callbacks = [self.check_interruptions]
            return engine.evaluate(self.test, return_dict=True, verbose=0, callbacks=callbacks)
        labels, answers = self.data.y_test, self._answers(engine)
        losses = engine.loss_of_each(tf.constant(labels), tf.constant(answers))
        return {
            "accuracy": float(np.mean(answers.argmax(axis=1) == labels)),
            "loss": float(np.mean(losses, dtype=np.float64)),
        }

    def _predict(self, engine: EpochEngine) -> dict[str, np.ndarray]:
        """`probabilities` of the test set, float32 [n, classes].

        A model that ends in scores has those as `scores`, and their softmax for probabilities.
        """
        outputs = self._answers(engine)
        if not engine.ends_in_scores:
            return {"probabilities": outputs}
        return {"probabilities": tf.nn.softmax(outputs).numpy(), "scores": outputs}

    def _answers(self, engine: EpochEngine) -> np.ndarray:
        """What the run gives for the test set, float32 [n, classes]."""
        shift, check = self.config.test_shift, self.interruptions.check
        return engine.outputs_of(self.test, check, with_views(engine.plain, shift))

    def _publish(
        self,
        state: RunState,
        evaluations: dict[str, float],
        compile_seconds: float,
        engine: EpochEngine,
    ) -> None:
        write_epochs(self.folder.epochs, state.rows, sync=True)
        result = {
            **summarize_rows(state.rows, state.early_stopping["best_epoch"], self.config),
            **evaluations,
            "stopped_early": state.epochs < self.config.epochs,
            "selected_on_test": self.config.selected_on_test,
            "class_names": list(self.data.class_names),
            "form": self.data.form.to_record(),
            "parameters": engine.plain.count_params(),
            "compile_seconds": compile_seconds,
            "concurrent_runs": self.options.concurrent_runs,
            "resources": summarize_resources(state.rows, state.peaks),
            "resumed": state.resumed,
            "environment": self.environment,
            "examination": examine(engine, self.val_labels, len(self.data.y_test)).model_dump(),
        }
        if self._writes_events:
            from mnist_keras.training.showing import show_run  # needs TensorBoard

            show_run(self.folder, self.options.study, self.config, self.data, engine.plain, result)
        write_json(self.folder.result, result)
