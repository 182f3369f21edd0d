"""Writes the exports beside this file with the real libraries; the numbers are made up.

    python write_exports.py FOLDER

It needs optuna, mlflow-skinny, wandb and pandas, and writes optuna_trials.csv, mlflow_runs.csv and
wandb_api.csv. wandb_page.csv was written by hand in the form of the page's download, since that
needs an account. results.csv has rows of the one of `mnist-keras study shallow --seeds 3`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

MEANS = {"adam": 0.985, "sgd": 0.972, "rmsprop": 0.984}
BATCH_SIZES = (32, 64)
SEEDS = range(5)
GENERATOR = np.random.default_rng(7)


def accuracy(optimizer: str, batch_size: int) -> float:
    gain = 0.001 if batch_size == 32 else 0.0
    return round(MEANS[optimizer] + gain + 0.0006 * GENERATOR.standard_normal(), 4)


def write_optuna(path: Path) -> None:
    """30 trials of a grid, and one each that failed, was pruned, is running and is waiting."""
    import optuna

    grid = {"optimizer": list(MEANS), "batch_size": list(BATCH_SIZES), "seed": list(SEEDS)}
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.GridSampler(grid, seed=0)
    )

    def objective(trial: optuna.Trial) -> float:
        optimizer = trial.suggest_categorical("optimizer", list(MEANS))
        batch_size = trial.suggest_categorical("batch_size", list(BATCH_SIZES))
        trial.suggest_int("seed", 0, 4)
        trial.set_user_attr("seconds", round(10 + GENERATOR.random(), 2))
        return accuracy(optimizer, batch_size)

    def failing(trial: optuna.Trial) -> float:
        raise ValueError

    def pruned(trial: optuna.Trial) -> float:
        raise optuna.TrialPruned

    study.optimize(objective, n_trials=30)
    study.sampler = optuna.samplers.RandomSampler(seed=1)
    study.optimize(failing, n_trials=1, catch=(ValueError,))
    study.optimize(pruned, n_trials=1)
    study.ask()
    study.enqueue_trial({"optimizer": "adam"})
    study.trials_dataframe().to_csv(path)


def write_mlflow(path: Path, folder: str) -> None:
    """30 finished runs, one that failed, and one that is running."""
    import mlflow

    mlflow.set_tracking_uri(f"file://{folder}/mlruns")
    experiment = mlflow.create_experiment("optimizers", artifact_location="mlflow-artifacts:/1")
    mlflow.set_experiment(experiment_id=experiment)
    for seed in SEEDS:
        for optimizer in MEANS:
            for batch_size in BATCH_SIZES:
                with mlflow.start_run():
                    settings = {"optimizer": optimizer, "batch_size": batch_size}
                    mlflow.log_params({**settings, "seed": seed, "epochs": 5})
                    loss = round(float(GENERATOR.normal(0.05, 0.001)), 4)
                    mlflow.log_metrics(
                        {"val_accuracy": accuracy(optimizer, batch_size), "val_loss": loss}
                    )
    try:
        with mlflow.start_run():
            mlflow.log_params({"optimizer": "adam", "batch_size": 32, "seed": 5, "epochs": 5})
            raise ValueError
    except ValueError:
        pass
    with mlflow.start_run():
        mlflow.log_params({"optimizer": "adam", "batch_size": 32, "seed": 6, "epochs": 5})
        mlflow.search_runs([experiment]).to_csv(path, index=False)


def write_wandb(path: Path, folder: str) -> None:
    """15 runs as the documentation of wandb.Api writes them: summary, config and name."""
    os.environ.update(WANDB_MODE="offline", WANDB_DIR=folder, WANDB_SILENT="true")
    import pandas as pd
    import wandb

    rows = []
    for seed in SEEDS:
        for optimizer in MEANS:
            run = wandb.init(
                project="optimizers",
                name=f"{optimizer}-{seed}",
                config={"optimizer": {"name": optimizer}, "seed": seed, "epochs": 3},
                settings=wandb.Settings(console="off", x_disable_stats=True),
            )
            for epoch in range(3):
                loss = round(float(GENERATOR.normal(0.05, 0.001)), 5)
                percent = round(100 * accuracy(optimizer, 64) + epoch - 2, 2)
                run.log({"epoch": epoch, "val/accuracy": percent, "val/loss": loss})
            summary = {name: run.summary[name] for name in run.summary.keys()}  # noqa: SIM118
            config = {key: value for key, value in run.config.items() if not key.startswith("_")}
            rows.append({"summary": summary, "config": config, "name": run.name})
            run.finish()
    pd.DataFrame(rows).to_csv(path)


if __name__ == "__main__":
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as temporary:
        write_optuna(target / "optuna_trials.csv")
        write_mlflow(target / "mlflow_runs.csv", temporary)
        write_wandb(target / "wandb_api.csv", temporary)
