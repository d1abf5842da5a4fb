"""Fitting: the loss of a batch, and the loop over epochs."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

from training.encoder.data import Batch, Example, Window, cut_windows, plan_batches
from training.encoder.data import collate as collate_windows
from training.encoder.network import Network
from training.encoder.recipe import EncoderRecipe, LossWeights, Round

# An example, or a variant of it with the same labels, as a round has them.
Draw = Callable[[Round, np.random.Generator], Example]
_REPORTS = 10


def fit_network(network: Network, draws: Sequence[Draw], recipe: EncoderRecipe, *, say: Callable[[str], None]) -> None:
    """Fit a network in place. The same network, examples, recipe and library versions give the same weights.

    Args:
        network: With its starting weights.
        draws: Of the documents to fit on, each giving its example as it is or a variant.
        recipe: Seed, threads, windows, rounds and loss weights.
        say: Told of the mean loss, ten times an epoch.
    """
    torch.set_num_threads(recipe.threads)
    torch.use_deterministic_algorithms(True)
    for number in range(len(recipe.rounds)):
        fit_round(network, draws, recipe, number, say=say)


def fit_round(
    network: Network, draws: Sequence[Draw], recipe: EncoderRecipe, number: int, *, say: Callable[[str], None]
) -> None:
    """Fit a network in place by one round, 0-based; see `fit_network`."""
    options = recipe.rounds[number]
    torch.manual_seed(recipe.seed + number)
    network.body.embeddings.requires_grad_(requires_grad=options.word_vectors)
    epochs = plan_epochs(draws, recipe, number)
    optimiser, schedule = _build_optimiser(network, recipe, options, sum(map(len, epochs)))
    network.train()
    for epoch, batches in enumerate(epochs, start=1):
        losses: list[float] = []
        for step, windows in enumerate(batches, start=1):
            batch = collate_windows(windows)
            loss = measure_loss(network(batch), batch, recipe.loss)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.fitting.largest_gradient)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
            if step % max(1, len(batches) // _REPORTS) == 0:
                place = f"round {number + 1}, epoch {epoch} of {options.epochs}"
                say(f"{place}: batch {step} of {len(batches)}, loss {np.mean(losses):.3f}")
    network.eval()


def plan_epochs(draws: Sequence[Draw], recipe: EncoderRecipe, number: int) -> list[list[list[Window]]]:
    """Lay out the batches of every epoch of a round; each epoch draws and cuts the texts anew."""
    random = np.random.default_rng(recipe.seed + number)
    options, pieces, early = recipe.rounds[number], recipe.windows.pieces, recipe.windows.early_cut
    epochs = []
    for _ in range(options.epochs):
        windows = [
            window
            for draw in draws
            for window in cut_windows(draw(options, random), limit=pieces, early=early, random=random)
        ]
        epochs.append(plan_batches(windows, options.batch_pieces, random))
    return epochs


def _build_optimiser(network: Network, recipe: EncoderRecipe, options: Round, steps: int) -> tuple[AdamW, OneCycleLR]:
    body = [value for value in network.body.parameters() if value.requires_grad]
    heads = [value for name, value in network.named_parameters() if not name.startswith("body.")]
    rates = [options.body_rate, options.head_rate]
    groups = [{"params": body, "lr": rates[0]}, {"params": heads, "lr": rates[1]}]
    optimiser = AdamW(groups, weight_decay=recipe.fitting.weight_decay, fused=True)
    return optimiser, OneCycleLR(optimiser, rates, total_steps=steps + 1, pct_start=options.warm_share)


def measure_loss(outputs: tuple[Tensor, Tensor, Tensor], batch: Batch, weights: LossWeights) -> Tensor:
    """Add up the losses of a batch.

    Args:
        outputs: Log-odds of sentences, pieces and windows, as from the network.
        batch: What was read, with labels.
        weights: Of the parts.
    """
    sentence, tag, text = outputs
    labels = torch.from_numpy(batch.sentence_labels).float()
    total = _cross_entropy(sentence, labels, weights.sentence_positive).sum(1).mean()
    if len(tag):
        tags = _cross_entropy(tag, torch.from_numpy(batch.tag_labels).float(), weights.tag_positive)
        total = total + weights.tag * tags.sum(1).mean()
    context = functional.cross_entropy(text[:, :-1], torch.from_numpy(batch.genre))
    review = functional.binary_cross_entropy_with_logits(text[:, -1], torch.from_numpy(batch.review).float())
    return total + weights.text * (context + review)


def _cross_entropy(logits: Tensor, labels: Tensor, positive: float) -> Tensor:
    """Give the binary cross-entropy of each output, positive labels weighted."""
    weight = torch.full((logits.shape[1],), positive)
    return functional.binary_cross_entropy_with_logits(logits, labels, pos_weight=weight, reduction="none")
