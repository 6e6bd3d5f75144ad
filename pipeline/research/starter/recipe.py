"""How the starter is trained: regularised linear discriminant analysis of standardised speech embeddings.

Each label is a normal distribution around its own mean, all with one covariance, and all labels are equally probable.
What varies within a label, from speaker to speaker and from a clean copy to a changed one, is then discounted: that is
what makes the direction of a label hold for strangers. The covariance is shrunk towards its diagonal (Friedman 1989,
Regularized Discriminant Analysis, JASA 84), as it has more numbers than there are utterances.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.models import torchaudio_cpu
from pipeline.analysis.tone.hyperparams import HYPERPARAMS_FILE, read_hyperparams

Matrix = NDArray[np.float64]


def train(embeddings: NDArray[np.float32], emotions: NDArray[np.str_], folder: Path) -> dict[str, Any]:
    """Train on embeddings `(utterances, dims)` and their labels as a folder's `hyperparams.yaml` says.

    Returns SpeechBrain's hyperparameters: the objects that the file names, trained and ready to be saved. The same
    utterances give the same weights.
    """
    torchaudio_cpu.make_importable()
    import torch
    from hyperpyyaml import load_hyperpyyaml

    read_hyperparams(folder)  # refuses a file that would construct anything else
    hparams: dict[str, Any] = load_hyperpyyaml((folder / HYPERPARAMS_FILE).read_text(encoding="utf-8"))
    hparams["label_encoder"].update_from_iterable(sorted(set(emotions.tolist())))
    hparams["label_encoder"].expect_len(hparams["out_n_neurons"])
    normalizer, linear = hparams["normalizer"], hparams["output_mlp"].w
    inputs = torch.tensor(embeddings, dtype=torch.float64)
    normalizer.running_mean.copy_(inputs.mean(0))
    normalizer.running_var.copy_(inputs.var(0, correction=0))
    hparams["model"].eval().requires_grad_(False)
    labels = np.array(hparams["label_encoder"].encode_sequence(emotions.tolist()))
    with torch.inference_mode():
        standardised = normalizer.double()(inputs).numpy()
        normalizer.float()
    weights, bias = discriminants(standardised, labels, float(hparams["shrinkage"]))
    linear.weight.copy_(torch.from_numpy(weights))
    linear.bias.copy_(torch.from_numpy(bias))
    return hparams


def discriminants(inputs: Matrix, labels: NDArray[np.int64], shrinkage: float) -> tuple[Matrix, Matrix]:
    """Weights `(labels, dims)` and bias `(labels,)` of the log odds, from inputs `(utterances, dims)`.

    With m the mean of a label and S the shrunk covariance within labels: weights S⁻¹m, bias -½ mᵀS⁻¹m. A label counts
    as much as any other in S, however many utterances it has. `shrinkage` 0 keeps S, 1 only its diagonal.
    """
    kinds, counts = np.unique(labels, return_counts=True)
    means = np.stack([inputs[labels == kind].mean(axis=0) for kind in kinds])
    residuals = (inputs - means[labels]) / np.sqrt(counts[labels, np.newaxis] * kinds.size)
    within = residuals.T @ residuals
    shrunk = (1 - shrinkage) * within
    np.fill_diagonal(shrunk, np.diag(within))
    weights = np.linalg.solve(shrunk, means.T).T
    return weights, -0.5 * np.sum(means * weights, axis=1)


def logits(trained: dict[str, Any], embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """What a trained model says before the softmax, `(utterances, labels)`."""
    import torch

    with torch.inference_mode():
        outputs = trained["output_mlp"](trained["normalizer"](torch.tensor(embeddings)))
    array: NDArray[np.float64] = outputs.double().numpy()
    return array
