"""The network: a pretrained body that reads pieces, and three linear heads over what it made of them."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import BertModel
from transformers.utils import logging

from training.encoder.data import Batch

# Log-odds that the heads start from: most sentences and pieces hold nothing.
_SENTENCE_START, _TAG_START = -3.0, -4.0
# The tag head teaches the body where phrases are; serving has no use for it.
HEADS = ("sentence", "text")


class Network(nn.Module):
    """Body and heads.

    Attributes:
        body: Gives a vector for each piece.
        sentence: On the mean over a sentence's pieces: the outputs of `label_outputs`.
        tag: On each piece: whether it is part of a phrase of each indicator.
        text: On the mean over a window, its opening and closing pieces included: context, and last review.
    """

    def __init__(self, body: nn.Module, *, n_indicators: int, n_contexts: int, dropout: float) -> None:
        """Put new heads on a body.

        Args:
            body: With `config.hidden_size` and `last_hidden_state` in its output.
            n_indicators: Number of indicators.
            n_contexts: Number of contexts.
            dropout: Share of a piece's vector that is left out while fitting, 0..1.
        """
        super().__init__()
        self.body = body
        width = body.config.hidden_size
        self.drop = nn.Dropout(dropout)
        self.sentence = nn.Linear(width, 4 * n_indicators)
        self.tag = nn.Linear(width, n_indicators)
        self.text = nn.Linear(width, n_contexts + 1)
        nn.init.constant_(self.sentence.bias, _SENTENCE_START)
        nn.init.constant_(self.tag.bias, _TAG_START)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Read a batch.

        Returns:
            Log-odds: (n_sentences, n_outputs), (n_pieces, n_indicators), (n_windows, n_contexts + 1).
        """
        ids, mask = torch.from_numpy(batch.ids), torch.from_numpy(batch.mask)
        hidden = self.drop(self.body(input_ids=ids, attention_mask=mask).last_hidden_state)
        pieces = hidden.flatten(0, 1)[torch.from_numpy(batch.places)]
        counts = np.bincount(batch.sentence, minlength=len(batch.sentence_labels)).clip(min=1).astype(np.float32)
        sums = torch.zeros(len(counts), hidden.shape[-1])
        means = sums.index_add(0, torch.from_numpy(batch.sentence), pieces) / torch.from_numpy(counts)[:, None]
        shown = mask[:, :, None].float()
        texts = (hidden * shown).sum(1) / shown.sum(1)
        return self.sentence(means), self.tag(pieces), self.text(texts)


def build_network(base: Path, *, n_indicators: int, n_contexts: int, dropout: float, seed: int) -> Network:
    """Load the body from its folder and put new heads on it."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.manual_seed(seed)
    body = BertModel.from_pretrained(base, add_pooling_layer=False, local_files_only=True)
    return Network(body, n_indicators=n_indicators, n_contexts=n_contexts, dropout=dropout)


def head_arrays(network: Network) -> dict[str, np.ndarray]:
    """Give weights (n_outputs, width) and bias of the heads that serving uses, float32: `sentence_weights`, ..."""
    arrays: dict[str, np.ndarray] = {}
    for name in HEADS:
        head = getattr(network, name)
        arrays[f"{name}_weights"] = head.weight.detach().numpy().astype(np.float32)
        arrays[f"{name}_bias"] = head.bias.detach().numpy().astype(np.float32)
    return arrays
