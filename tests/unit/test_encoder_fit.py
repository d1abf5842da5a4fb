"""The network gives four outputs an indicator, each epoch draws its texts anew, and fitting can be repeated."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from training.encoder.data import Example, Window, collate
from training.encoder.recipe import EncoderRecipe, Round, load_encoder_recipe

torch = pytest.importorskip("torch", reason="torch comes with the extra train-encoder")
pytest.importorskip("transformers", reason="transformers come with the extra train-encoder")

from training.encoder.fit import fit_network, fit_round, measure_loss, plan_epochs  # noqa: E402  they import torch
from training.encoder.network import Network, head_arrays  # noqa: E402

N, N_CONTEXTS, WIDTH, PIECES = 3, 5, 8, 200


class Body(torch.nn.Module):  # type: ignore[misc,name-defined]  # torch is not there to be checked
    """A body that knows each piece alone."""

    def __init__(self) -> None:
        super().__init__()
        self.config = type("Config", (), {"hidden_size": WIDTH})()
        self.embeddings = torch.nn.Embedding(PIECES, WIDTH)
        self.layer = torch.nn.Linear(WIDTH, WIDTH)

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        del attention_mask
        return type("Output", (), {"last_hidden_state": self.layer(self.embeddings(input_ids))})()


def build_network() -> Network:
    torch.manual_seed(3)
    return Network(Body(), n_indicators=N, n_contexts=N_CONTEXTS, dropout=0.0)


def build_example(first: int) -> Example:
    """Three sentences of two pieces each, the second of which denies the indicator of the piece `first`."""
    labels = np.zeros((3, 4 * N), dtype=bool)
    labels[1, [N + first % N, 2 * N + first % N]] = True
    return Example(
        pieces=np.arange(6) + 6 * first,
        bounds=np.array([[0, 2], [2, 4], [4, 6]]),
        sentence_labels=labels,
        tag_labels=np.zeros((6, N), dtype=bool),
        genre=first % N_CONTEXTS,
        review=first % 2 == 0,
    )


def drawn(number: int) -> Callable[[Round, np.random.Generator], Example]:
    """A draw that gives the example or, by chance, another row of pieces with the same labels."""
    example = build_example(number)
    return lambda _, random: replace(example, pieces=example.pieces + int(random.integers(2)))


@pytest.fixture
def recipe() -> EncoderRecipe:
    shipped = load_encoder_recipe("minilm")
    first, second = shipped.rounds
    return replace(shipped, threads=1, rounds=(replace(first, epochs=4), replace(second, epochs=2)))


def test_network_gives_four_outputs_an_indicator_and_serving_gets_two_heads() -> None:
    network, batch = build_network(), collate([Window(build_example(0), 0, 3), Window(build_example(1), 0, 2)])
    sentence, tag, text = network(batch)
    assert (sentence.shape, tag.shape, text.shape) == ((5, 4 * N), (10, N), (2, N_CONTEXTS + 1))
    arrays = head_arrays(network)
    assert {name: array.shape for name, array in arrays.items()} == {
        "sentence_weights": (4 * N, WIDTH),
        "sentence_bias": (4 * N,),
        "text_weights": (N_CONTEXTS + 1, WIDTH),
        "text_bias": (N_CONTEXTS + 1,),
    }
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}
    assert set(arrays["sentence_bias"].tolist()) == {-3.0}


def test_loss_counts_every_output_of_every_sentence(recipe: EncoderRecipe) -> None:
    """How nothing is held is an answer too: a sentence that speaks of nothing denies nothing."""
    batch = collate([Window(build_example(1), 0, 3)])
    weights = replace(recipe.loss, tag=0.0, text=0.0)
    for column in range(4 * N):
        scores = torch.zeros(3, 4 * N)
        base = measure_loss((scores, torch.zeros(6, N), torch.zeros(1, N_CONTEXTS + 1)), batch, weights)
        scores = scores.clone()
        scores[0, column] = 4.0
        worse = measure_loss((scores, torch.zeros(6, N), torch.zeros(1, N_CONTEXTS + 1)), batch, weights)
        assert float(worse - base) == pytest.approx((np.log1p(np.exp(4.0)) - np.log(2.0)) / 3, abs=1e-5)


def test_each_epoch_draws_every_text_once_and_anew(recipe: EncoderRecipe) -> None:
    epochs = plan_epochs([drawn(number) for number in range(12)], recipe, 0)
    assert len(epochs) == 4
    seen = []
    for batches in epochs:
        windows = [window for batch in batches for window in batch]
        sentences = [(w.example.genre, s) for w in windows for s in range(w.first, w.last)]
        assert len(sentences) == 36
        assert {window.example.bounds.shape for window in windows} == {(3, 2)}
        seen.append(sorted({int(window.example.pieces[0]) for window in windows}))
        assert len(seen[-1]) == 12
    assert len({tuple(rows) for rows in seen}) > 1


def test_fitting_learns_and_gives_the_same_weights_twice(recipe: EncoderRecipe) -> None:
    said: list[str] = []
    networks = [build_network(), build_network()]
    for network in networks:
        fit_network(network, [drawn(number) for number in range(12)], recipe, say=said.append)
        assert not network.training
    first, again = (network.state_dict() for network in networks)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], value) for name, value in build_network().state_dict().items())
    assert said[: len(said) // 2] == said[len(said) // 2 :]
    assert said[0].startswith("round 1, epoch 1 of 4: batch 1 of ")
    assert said[-1].startswith("round 2, epoch 2 of 2: batch ")


@pytest.mark.parametrize("number", [0, 1])
def test_word_vectors_stay_as_they_are_in_a_round_without_them(recipe: EncoderRecipe, number: int) -> None:
    network = build_network()
    before = network.body.embeddings.weight.clone()
    fit_round(network, [drawn(number) for number in range(12)], recipe, number, say=lambda _: None)
    assert torch.equal(network.body.embeddings.weight, before) is not recipe.rounds[number].word_vectors


def test_rounds_draw_differently(recipe: EncoderRecipe) -> None:
    draws = [drawn(number) for number in range(12)]
    first, second = (
        [[w.example.genre for w in batch] for batch in plan_epochs(draws, recipe, number)[0]] for number in (0, 1)
    )
    assert first != second
