"""How the starter is trained: a SpeechBrain recipe for one linear layer on standardised speech embeddings.

The objective is multinomial logistic regression with balanced classes and an L2 penalty on the weights, not the bias,
as scikit-learn defines it (`LogisticRegression(C=…, class_weight="balanced")`), divided by C and the utterances.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline import torchaudio_cpu
from pipeline.tone.hyperparams import HYPERPARAMS_FILE, read_hyperparams

if TYPE_CHECKING:
    import torch

GRADIENT_TOLERANCE = 1e-6  # L-BFGS stops when no derivative is larger …
CHANGE_TOLERANCE = 1e-12  # … or nothing moves any more

Batch = list["torch.Tensor"]  # embeddings (utterances, dims) and indices of their labels (utterances,)


@cache
def recipe() -> type[Any]:
    """The class `StarterBrain`, made at first use because importing SpeechBrain takes seconds."""
    torchaudio_cpu.make_importable()
    import speechbrain
    import torch
    from torch.nn import functional

    class StarterBrain(speechbrain.Brain):  # type: ignore[misc]  # SpeechBrain has no types
        """Training of `output_mlp` behind the fixed `normalizer`, all utterances in one batch."""

        def compute_forward(self, batch: Batch, _: speechbrain.Stage) -> torch.Tensor:
            """Logits `(utterances, labels)`."""
            embeddings, _labels = batch
            self.modules.normalizer.eval()  # its statistics are those of the training utterances, set before
            logits: torch.Tensor = self.modules.output_mlp(self.modules.normalizer(embeddings))
            return logits

        def compute_objectives(self, predictions: torch.Tensor, batch: Batch, _: speechbrain.Stage) -> torch.Tensor:
            """Cross-entropy with balanced classes, and the penalty on large weights."""
            _embeddings, labels = batch
            counts = torch.bincount(labels, minlength=predictions.shape[1])
            balance = len(labels) / (len(counts) * counts)
            loss = functional.cross_entropy(predictions, labels, weight=balance, reduction="sum") / len(labels)
            strength = 1.0 / (self.hparams.inverse_regularisation * len(labels))
            objective: torch.Tensor = loss + strength * 0.5 * self.modules.output_mlp.w.weight.square().sum()
            return objective

        def fit_batch(self, batch: Batch) -> torch.Tensor:
            """Run L-BFGS, which asks for the loss many times, until it has converged."""

            def loss() -> torch.Tensor:
                self.optimizer.zero_grad()
                predictions = self.compute_forward(batch, speechbrain.Stage.TRAIN)
                objective = self.compute_objectives(predictions, batch, speechbrain.Stage.TRAIN)
                objective.backward()  # type: ignore[no-untyped-call, unused-ignore]
                return objective

            final: torch.Tensor = self.optimizer.step(loss)
            return final.detach()

    return StarterBrain


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
    torch.manual_seed(hparams["seed"])
    hparams["label_encoder"].update_from_iterable(sorted(set(emotions.tolist())))
    hparams["label_encoder"].expect_len(hparams["out_n_neurons"])
    inputs = torch.tensor(embeddings)
    labels = torch.tensor(hparams["label_encoder"].encode_sequence(emotions.tolist()))
    hparams["normalizer"].running_mean.copy_(inputs.mean(0))
    hparams["normalizer"].running_var.copy_(inputs.var(0, correction=0))
    brain = recipe()(
        modules=hparams["modules"],
        opt_class=partial(
            torch.optim.LBFGS,
            max_iter=hparams["max_iterations"],
            tolerance_grad=GRADIENT_TOLERANCE,
            tolerance_change=CHANGE_TOLERANCE,
            line_search_fn="strong_wolfe",
        ),
        hparams=hparams,
        run_opts={"device": "cpu", "noprogressbar": True},
    )
    brain.fit(range(1), torch.utils.data.DataLoader(torch.utils.data.TensorDataset(inputs, labels), len(labels)))
    hparams["model"].eval().requires_grad_(False)
    return hparams


def logits(trained: dict[str, Any], embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """What a trained model says before the softmax, `(utterances, labels)`."""
    import torch

    with torch.inference_mode():
        outputs = trained["output_mlp"](trained["normalizer"](torch.tensor(embeddings)))
    array: NDArray[np.float64] = outputs.double().numpy()
    return array
