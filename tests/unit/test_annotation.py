"""The simulation of labelling: rules pick what they say, runs repeat, and the whole pool is the same for all."""

import numpy as np
import pytest

from classifier.errors import CorpusError
from classifier.taxonomy import load_taxonomy
from training.annotation import RULES, Pool, Round, Simulation, choose_rarest, choose_uncertain, simulate, thin_pool

N = len(load_taxonomy().ids)


def make_pool(n: int = 120, *, share: float = 0.5) -> Pool:
    """Documents whose first eight features tell the first eight indicators, among noise."""
    random = np.random.default_rng(7)
    truth = np.zeros((2 * n, N), dtype=bool)
    truth[:, :8] = random.random((2 * n, 8)) < share / 8
    rows = np.hstack([truth[:, :8] * 2.0, random.normal(scale=0.3, size=(2 * n, 20))])
    kernel = rows @ rows[:n].T
    return Pool(kernel[:n], truth[:n], kernel[n:], truth[n:])


POOL = make_pool()
BUDGET = {"first": 20, "step": 20, "rounds": 6, "runs": 4}


def make_round(scores: list[list[float]], truth: list[list[bool]]) -> Round:
    return Round(np.array(scores), np.array(truth), np.random.default_rng(0))


def test_uncertain_comes_first_at_the_line_between_yes_and_no() -> None:
    state = make_round([[-0.9, -0.8], [0.9, -0.1], [-0.5, -0.6]], [[True, False]])
    assert choose_uncertain(state).tolist() == [1, 2, 0]


def test_rarest_asks_for_the_indicator_with_the_fewest_answers_first() -> None:
    state = make_round([[0.9, -0.8], [0.1, 0.4], [-0.5, -0.6]], [[True, False], [True, False]])
    # The second indicator has no positive yet: its likeliest comes first, then the likeliest of the other.
    assert choose_rarest(state).tolist() == [1, 0, 2]


@pytest.mark.parametrize("rule", RULES)
def test_run_repeats(rule: str) -> None:
    one, other = (simulate(POOL, rule, **BUDGET) for _ in range(2))
    assert one.asked.tolist() == [20, 40, 60, 80, 100, 120]
    assert one.quality.shape == one.asserting.shape == (4, 6)
    assert (one.quality == other.quality).all()


def test_every_rule_starts_alike_and_ends_with_the_whole_pool() -> None:
    runs = [simulate(POOL, rule, **BUDGET) for rule in RULES]
    for run in runs[1:]:
        assert run.quality[:, 0] == pytest.approx(runs[0].quality[:, 0])
        assert run.quality[:, -1] == pytest.approx(runs[0].quality[:, -1])


def test_more_labels_teach_more() -> None:
    run = simulate(POOL, "at random", **BUDGET)
    mean = run.quality.mean(axis=0)
    assert mean[-1] > mean[0] + 0.1
    assert run.asserting[:, -1] == pytest.approx(POOL.truth.any(axis=1).mean())


def test_looking_for_positives_makes_a_sample_that_is_not_like_the_pool() -> None:
    pool = Pool(POOL.kernel, POOL.truth[:, :8], POOL.held_kernel, POOL.held_truth[:, :8])
    share = pool.truth.any(axis=1).mean()
    found = {rule: simulate(pool, rule, **BUDGET).asserting[:, 2].mean() for rule in ("at random", "rarest")}
    assert found["at random"] == pytest.approx(share, abs=0.1)
    assert found["rarest"] > share + 0.15


def test_thinned_pool_keeps_what_asserts_nothing() -> None:
    thin = thin_pool(POOL, 0.1)
    assert (~thin.truth.any(axis=1)).sum() == (~POOL.truth.any(axis=1)).sum()
    assert thin.truth.any(axis=1).mean() == pytest.approx(0.1, abs=0.01)
    assert thin.kernel.shape == (len(thin.truth), len(thin.truth))
    assert thin.held_kernel.shape == (len(POOL.held_truth), len(thin.truth))
    assert (thin.held_truth == POOL.held_truth).all()


def test_pool_cannot_be_thinned_to_more_than_it_holds() -> None:
    with pytest.raises(CorpusError, match=r"asserts something in \d+\.\d% of its documents; 90\.0% are asked"):
        thin_pool(POOL, 0.9)


def test_budget_over_the_pool_is_refused() -> None:
    with pytest.raises(CorpusError, match="140 documents are to be asked about; the pool holds 120"):
        simulate(POOL, "at random", first=20, step=20, rounds=7, runs=1)


def test_unknown_rule_is_refused() -> None:
    with pytest.raises(CorpusError, match="no rule 'by hand'; allowed: at random, uncertain, rarest"):
        simulate(POOL, "by hand", **BUDGET)


def test_needed_is_the_first_budget_that_reaches_the_quality_on_the_mean() -> None:
    quality = np.array([[0.1, 0.2, 0.4], [0.3, 0.4, 0.4]])
    run = Simulation("r", np.array([10, 20, 30]), quality, quality)
    assert [run.needed(goal) for goal in (0.2, 0.25, 0.5)] == [10, 20, None]
