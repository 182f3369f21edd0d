"""What a column's name says about a metric: that it is one, and which way is better."""

from __future__ import annotations

import re

LOWER = re.compile(
    r"\b(loss|errors?|err|mse|rmse|mae|mape|nll|perplexity|ppl|wer|cer|fid|ece|brier|regret|gap"
    r"|cost|ms|seconds|minutes|hours|time|duration|runtime|latency|mb|memory|v?ram|energy)\b"
)
"""Words of metrics of which less is better."""

SHARE = re.compile(r"\b(accuracy|acc|precision|recall|f1|auc|auroc|top\d+)\b")
"""Words of metrics that are a fraction, or a percentage, of which more is better."""

HIGHER = re.compile(
    r"\b(score|bleu|rouge|r2|iou|dice|map50|mrr|ndcg|kappa|mcc|psnr|ssim|likelihood|reward|return"
    r"|throughput|fitness)\b"
)
"""Words of other metrics of which more is better."""

OF_A_SETTING = re.compile(
    r"\b(weights?|function|fn|type|name|scale|coef|coefficient|alpha|lambda|threshold|limit|budget"
    r"|size|smoothing|reduction|goal|target)\b|^precision$"
)
"""Words beside which those above name a setting, such as `loss_weight`; 16 is a precision, too."""


def is_metric(name: str) -> bool:
    """Whether a column of numbers with this name is a metric."""
    words = _words(name)
    if OF_A_SETTING.search(words):
        return False
    return any(known.search(words) for known in (LOWER, SHARE, HIGHER))


def is_share(name: str) -> bool:
    """Whether a metric of this name is a fraction of the images, or of the like."""
    words = _words(name)
    return SHARE.search(words) is not None and LOWER.search(words) is None


def lower_is_better(name: str) -> bool | None:
    """Which way is better by the name of a metric; None if it does not say."""
    words = _words(name)
    if LOWER.search(words):
        return True
    return False if SHARE.search(words) or HIGHER.search(words) else None


def _words(name: str) -> str:
    """The words of a name like val_accuracy, valLoss or test/top1, in lower case."""
    divided = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return " ".join(re.findall(r"[a-z0-9]+", divided.lower()))
