"""The scores of predictions as plain loops, to hold the registry's against."""

from __future__ import annotations

import math

import numpy as np


def read_as(row: np.ndarray) -> int:
    return max(range(len(row)), key=lambda label: (row[label], -label))


def plain_top_k(k: int, labels: np.ndarray, outputs: np.ndarray) -> float:
    hits = 0
    for label, row in zip(labels, outputs, strict=True):
        ranking = sorted(range(len(row)), key=lambda one: (-row[one], one))
        hits += int(label) in ranking[:k]
    return hits / len(labels)


def plain_balanced(labels: np.ndarray, outputs: np.ndarray) -> float:
    recalls = []
    for known in sorted(set(labels.tolist())):
        rows = [row for label, row in zip(labels, outputs, strict=True) if label == known]
        recalls.append(sum(read_as(row) == known for row in rows) / len(rows))
    return math.fsum(recalls) / len(recalls)


def plain_macro_f1(labels: np.ndarray, outputs: np.ndarray) -> float:
    said = [read_as(row) for row in outputs]
    found = []
    for known in sorted({*labels.tolist(), *said}):
        pairs = list(zip(labels.tolist(), said, strict=True))
        right = sum(label == known == one for label, one in pairs)
        precise = sum(one == known for one in said)
        recalled = sum(label == known for label, _ in pairs)
        if right == 0:
            found.append(0.0)
            continue
        precision, recall = right / precise, right / recalled
        found.append(2 * precision * recall / (precision + recall))
    return math.fsum(found) / len(found)


def plain_nll(labels: np.ndarray, outputs: np.ndarray) -> float:
    logs = [
        math.log(max(float(row[label]), 1e-7)) for label, row in zip(labels, outputs, strict=True)
    ]
    return -math.fsum(logs) / len(logs)


def plain_brier(labels: np.ndarray, outputs: np.ndarray) -> float:
    squares = [
        (float(row[one]) - (one == label)) ** 2
        for label, row in zip(labels, outputs, strict=True)
        for one in range(len(row))
    ]
    return math.fsum(squares) / len(labels)


def plain_ece(labels: np.ndarray, outputs: np.ndarray) -> float:
    total = 0.0
    for place in range(15):
        inside = [
            (float(max(row)), read_as(row) == label)
            for label, row in zip(labels, outputs, strict=True)
            if place / 15 < float(max(row)) <= (place + 1) / 15
        ]
        if inside:
            confidence = math.fsum(one for one, _ in inside) / len(inside)
            accuracy = sum(right for _, right in inside) / len(inside)
            total += len(inside) / len(labels) * abs(accuracy - confidence)
    return total


PLAIN = {
    "top2_accuracy": lambda labels, outputs: plain_top_k(2, labels, outputs),
    "top3_accuracy": lambda labels, outputs: plain_top_k(3, labels, outputs),
    "balanced_accuracy": plain_balanced,
    "macro_f1": plain_macro_f1,
    "nll": plain_nll,
    "brier": plain_brier,
    "ece": plain_ece,
}
