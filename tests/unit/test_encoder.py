"""The encoder packs sentences into windows, gives shares that add up, and is refused when it is not what it says."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from classifier.encoder import DEFAULT_ENCODER, HEADS, MANIFEST, NETWORK, Encoder, pack_windows, piece_bounds
from classifier.errors import ArtifactError
from classifier.pipeline import Pipeline
from classifier.taxonomy import load_taxonomy
from tests.analyses import DISCLOSURE
from tests.small_model import save_small_encoder

EVERYTHING = "He keeps the papers of all. \u2603\u2603 The gate is shut at night! " * 12


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


def test_pieces_belong_to_the_sentence_that_they_begin_in() -> None:
    bounds = piece_bounds(np.array([0, 4, 9, 12, 20]), np.array([0, 9, 30]))
    assert bounds.tolist() == [[0, 2], [2, 5], [5, 5]]


def test_long_sentence_is_cut_to_the_limit() -> None:
    assert piece_bounds(np.arange(10), np.array([0, 8]), limit=3).tolist() == [[0, 3], [8, 10]]


PACKED = [
    ("all in one", [2, 2, 2], [(0, 3)]),
    ("cut where the limit is passed", [4, 4, 1, 5], [(0, 2), (2, 4)]),
    ("a full sentence alone", [8, 1], [(0, 1), (1, 2)]),
    ("nothing", [], []),
]


@pytest.mark.parametrize(("counts", "expected"), [case[1:] for case in PACKED], ids=[case[0] for case in PACKED])
def test_windows_hold_whole_sentences_up_to_the_limit(counts: list[int], expected: list[tuple[int, int]]) -> None:
    last = np.cumsum(counts, dtype=int)
    bounds = np.stack([last - np.array(counts, dtype=int), last], axis=1)
    assert pack_windows(bounds, limit=8) == expected


@pytest.mark.parametrize("text", [DISCLOSURE, EVERYTHING, "Papers.", "x" * 5_000])
def test_bias_and_shares_add_up_to_the_score_of_every_sentence(text: str, encoder: Encoder, pipeline: Pipeline) -> None:
    parsed = pipeline.parse(text)
    encoded = encoder.encode(parsed, np.zeros(len(parsed.sentences)))
    sums = np.add.reduceat(encoded.shares.astype(float), parsed.sentences[:, 0], axis=0)
    np.testing.assert_allclose(encoder.bias + sums, encoded.sentences, atol=1e-4)


def test_only_windows_with_a_priority_are_read_and_read_the_same(encoder: Encoder, pipeline: Pipeline) -> None:
    parsed = pipeline.parse(EVERYTHING)
    everything = encoder.encode(parsed, np.zeros(len(parsed.sentences)))
    priority = np.full(len(parsed.sentences), -np.inf)
    priority[-1] = 1.0
    part = encoder.encode(parsed, priority)
    first, last = part.windows[0].tolist()
    assert (len(part.windows), part.wanted, last) == (1, 1, len(parsed.sentences))
    assert np.isnan(part.sentences[:first]).all()
    assert np.array_equal(part.sentences[first:], everything.sentences[first:])


def test_sentence_read_alone_is_read_as_a_text_of_its_own(encoder: Encoder, pipeline: Pipeline) -> None:
    parsed = pipeline.parse(EVERYTHING)
    everything = encoder.encode(parsed, np.zeros(len(parsed.sentences))).sentences
    for number, (first, last) in enumerate(parsed.sentences.tolist()):
        alone = pipeline.parse(parsed.normalised.text[parsed.starts[first] : parsed.ends[last - 1]])
        if len(alone.sentences) == 1:
            found = encoder.glance(parsed, number)
            np.testing.assert_allclose(found, encoder.encode(alone, np.zeros(1)).sentences[0], atol=1e-4)
            assert len(parsed.sentences) == 1 or np.abs(found - everything[number]).max() > 0.01


def test_look_at_a_very_long_sentence_reads_its_beginning(encoder: Encoder, pipeline: Pipeline) -> None:
    parsed = pipeline.parse(f"The gate is shut. {'bqzvkxwj ' * 25}.")
    whole = encoder.encode(parsed, np.array([-np.inf, 0.0]))
    assert whole.cut == 1
    assert encoder.glance(parsed, 1) == pytest.approx(whole.sentences[1], abs=1e-4)


def test_mark_of_the_tokenizer_in_a_text_is_letters(encoder: Encoder, pipeline: Pipeline) -> None:
    """Else a text could end the window that it is read in."""
    for mark in ("[SEP]", "[CLS]", "[PAD]", "[MASK]"):
        apart = f"[ {mark[1:-1]} ]"
        found, expected = (
            encoder.encode(parsed, np.zeros(len(parsed.sentences)))
            for parsed in map(pipeline.parse, (f"He wrote {mark} on my card.", f"He wrote {apart} on my card."))
        )
        assert np.array_equal(found.sentences, expected.sentences), mark
        assert np.array_equal(found.texts, expected.texts), mark


def test_sentence_that_is_cut_is_counted_where_it_is_read(encoder: Encoder, pipeline: Pipeline) -> None:
    long = "bqzvkxwj " * 25
    parsed = pipeline.parse(f"The gate is shut. {long}. It is late. {long}.")
    read = encoder.encode(parsed, np.zeros(len(parsed.sentences)))
    assert read.cut == 2
    priority = np.full(len(parsed.sentences), -np.inf)
    priority[0] = 0.0
    assert encoder.encode(parsed, priority).cut == 0
    short = pipeline.parse(DISCLOSURE)
    assert encoder.encode(short, np.zeros(len(short.sentences))).cut == 0


def test_encoder_knows_its_folder_and_heads(tmp_path: Path) -> None:
    digest = save_small_encoder(tmp_path, data={"split_sha256": "abc"})
    small = Encoder(tmp_path)
    assert (small.folder, small.sha256, small.manifest["data"]) == (tmp_path, digest, {"split_sha256": "abc"})
    assert len(small.bias) == 4 * len(load_taxonomy().ids)
    assert Encoder().folder == DEFAULT_ENCODER


@pytest.mark.parametrize("name", [NETWORK, HEADS])
def test_changed_file_is_refused(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(DEFAULT_ENCODER, folder)
    with (folder / name).open("ab") as stream:
        stream.write(b"!")
    with pytest.raises(ArtifactError, match=f"{name} has sha256"):
        Encoder(folder)


def test_missing_encoder_names_the_tier_that_is_left(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="the allowed tier is fast"):
        Encoder(tmp_path)


def test_other_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps({"format": 99, "files": {}}))
    with pytest.raises(ArtifactError, match="format 99"):
        Encoder(tmp_path)
