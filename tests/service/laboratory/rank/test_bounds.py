"""Bounds on the rank of a table's 3-tensor."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from service.laboratory.rank.bounds import bounds, relation_ranks
from service.laboratory.rank.tensor import Tensor
from service.memory import Facts
from tests.examples import examples
from tests.service.laboratory.rank.known import cyclic_group, dense, matrix_multiplication, rank_of_two_by_two, sparse

sizes = st.tuples(*[st.integers(1, 5)] * 3)
tables = sizes.flatmap(lambda shape: arrays(np.int64, shape, elements=st.integers(0, 1))).filter(np.any)
functions = st.tuples(st.integers(1, 8), st.integers(1, 6), st.integers(1, 5)).flatmap(
    lambda size: arrays(np.int64, size[:2], elements=st.integers(0, size[2] - 1))
)


def of_function(answers: np.ndarray) -> Tensor:
    """A full table: answers (subjects, relations), one in each cell."""
    s, r = np.indices(answers.shape)
    return Tensor.at(s.ravel(), r.ravel(), answers.ravel())


def test_every_table_of_two_subjects_two_relations_and_two_answers() -> None:
    """The bounds bracket the exact rank of all 255 of them, and meet in 149; no bound is above 3, the largest rank that
    such a table can have.
    """
    met = 0
    for cells in itertools.product((0, 1), repeat=8):
        if not any(cells):
            continue
        tensor = sparse(np.array(cells).reshape(2, 2, 2))
        exact, found = rank_of_two_by_two(np.array(cells).reshape(2, 2, 2)), bounds(tensor)
        assert found.least <= exact <= found.most <= 3
        met += found.exact
    assert met == 149


@examples(40)
@given(
    arrays(np.int64, st.tuples(st.just(2), st.just(2), st.integers(1, 6)), elements=st.integers(0, 1)).filter(np.any)
)
def test_every_table_of_two_subjects_and_two_relations(full: np.ndarray) -> None:
    """The bounds bracket the exact rank whatever the number of answers, and of answers of a pair."""
    found = bounds(sparse(full))
    assert found.least <= rank_of_two_by_two(full) <= found.most


@pytest.mark.parametrize(
    ("tensor", "exact"),
    [
        (Tensor.at(*[np.arange(7)] * 3), 7),
        (sparse(np.array([[[0, 1], [1, 0]], [[1, 0], [0, 0]]])), 3),
        (matrix_multiplication(2), 7),
        (cyclic_group(2), 2),
        (cyclic_group(3), 4),
        (cyclic_group(4), 5),
        (cyclic_group(5), 7),
    ],
    ids=["diagonal", "W state", "2 x 2 matrices", "Z2", "Z3", "Z4", "Z5"],
)
def test_tensors_of_the_literature(tensor: Tensor, exact: int) -> None:
    """Bracketed: a diagonal; the W state (3, unfoldings 2); 2 x 2 matrix multiplication (7: Strassen, Winograd);
    addition modulo n (2n minus the number of real factors of x^n - 1: Winograd).
    """
    found = bounds(tensor)
    assert found.least <= exact <= found.most


@examples(40)
@given(st.lists(st.tuples(*[st.integers(1, 3)] * 3), min_size=1, max_size=6), st.integers(0, 2**32))
def test_a_table_built_with_known_rank_is_recognised(boxes: list[tuple[int, int, int]], seed: int) -> None:
    """K departments whose subjects share all answers of their own relations: rank K, whatever their sizes and names."""
    starts = np.cumsum([(0, 0, 0), *boxes], axis=0)
    places = [np.indices(box).reshape(3, -1).T + start for box, start in zip(boxes, starts, strict=False)]
    rng = np.random.default_rng(seed)
    names = [rng.permutation(int(size)) for size in starts[-1]]
    found = bounds(Tensor.at(*(name[column] for name, column in zip(names, np.concatenate(places).T, strict=True))))
    assert (found.least, found.most) == (len(boxes), len(boxes))


@examples(40)
@given(functions)
def test_relations_with_answers_of_their_own(answers: np.ndarray) -> None:
    """Where no two relations share an answer, the rank is the number of distinct answers, and both bounds say so."""
    tensor = of_function(answers + 5 * np.arange(answers.shape[1]))
    found = bounds(tensor)
    assert (found.least, found.most) == (tensor.shape[2],) * 2


@examples(40)
@given(tables)
def test_the_papers_inequality(full: np.ndarray) -> None:
    """No relation's slice exceeds the lower bound; the upper one is at most the sum over relations of their answers."""
    tensor = sparse(full)
    found = bounds(tensor)
    slices = relation_ranks(tensor)
    assert max(rank.least for rank in slices) <= found.least <= found.most
    assert found.most <= len(np.unique(tensor.ones[:, 1:], axis=0))
    assert all(rank.exact for rank in slices)


@examples(40)
@given(tables)
def test_the_largest_unfolding(full: np.ndarray) -> None:
    """The lower bound is the largest of the three unfoldings' ranks, as a dense linear algebra finds them."""
    found = bounds(sparse(full))
    ranks = [np.linalg.matrix_rank(np.moveaxis(full, mode, 0).reshape(full.shape[mode], -1)) for mode in range(3)]
    assert [rank.least for rank in found.unfoldings] == ranks


@examples(40)
@given(functions)
def test_a_base_answer_saves_terms(answers: np.ndarray) -> None:
    """The construction with base answers is one: its terms, written out, add up to the tensor."""
    full = dense(of_function(answers))
    base = np.argmax(full.any(axis=0).sum(axis=0))
    sharing: np.ndarray = full.max(axis=0)[:, base] == 1
    rest = full.copy()
    rest[:, sharing, base] -= full[:, sharing].sum(axis=2)
    terms = full.any(axis=0).sum() - sharing.sum() + 1
    slices = [np.linalg.matrix_rank(rest[:, relation]) for relation in range(full.shape[1])]
    assert sum(slices) + 1 <= terms
    assert bounds(of_function(answers)).constructions["base_answers"] <= terms


def test_several_answers_are_several_ones() -> None:
    """A pair with two answers has two ones; a repeated fact has one; white space at a name's end is none of it."""
    tensor = Tensor.of(Facts(["a", "a ", "a", "b"], ["r", "r", "r", "r"], ["x", "y", "y", "x"]))
    assert (tensor.shape, len(tensor)) == ((2, 1, 2), 3)
    assert bounds(tensor).unfoldings[0].least == 2


def test_the_order_of_facts_leaves_no_trace() -> None:
    """The bounds of a table are the same in any order of its rows."""
    rng = np.random.default_rng(1)
    ones = np.stack([rng.integers(0, size, 300) for size in (40, 7, 12)], axis=1)
    shuffled = ones[rng.permutation(300)]
    assert bounds(Tensor.at(*ones.T)) == bounds(Tensor.at(*shuffled.T))
