"""Codes, pads, bytes: the arithmetic under the memory."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.facts import fold, trimmed
from service.memory.bank import pack_steps, unpack_steps
from service.memory.codes import code_signs, code_words, draw_codes, encode_answers
from service.memory.hashing import Keyring, PairHasher
from service.memory.resolution import check_bits, code_bits
from tests.service.memory.conftest import SECRET


@given(arrays.arrays(np.uint64, 20, elements=st.integers(0, 2**40 - 1)), st.integers(1, 40))
def test_signs_and_words_are_inverse(drawn: np.ndarray, bits: int) -> None:
    """A word survives being written as signs and read back, up to its length."""
    masked = drawn & np.uint64(2**bits - 1)
    assert np.array_equal(code_words(code_signs(masked, bits) > 0), masked)


@given(arrays.arrays(np.int8, (8, 6), elements=st.integers(-7, 7)), st.sampled_from([4, 8]))
def test_packing_loses_nothing(steps: np.ndarray, bits: int) -> None:
    """Steps come back from their stored bytes."""
    assert np.array_equal(unpack_steps(pack_steps(steps, bits), bits, 6), steps)


@given(arrays.arrays(np.int8, (8, 6), elements=st.sampled_from([-3, -1, 1, 3])))
def test_four_steps_stand_in_a_byte(steps: np.ndarray) -> None:
    """Two-bit steps come back from a quarter of their number of bytes."""
    packed = pack_steps(steps, 2)
    assert packed.nbytes == steps.size // 4
    assert np.array_equal(unpack_steps(packed, 2, 6), steps)


def test_colliding_answers_draw_again() -> None:
    """With 1,000 answers in 10-bit codes nearly all collide, and still every code is its own."""
    answers = [(f"a{n}",) for n in range(1_000)]
    codes = draw_codes(Keyring(SECRET), [b"relation"] * 1_000, np.full(1_000, 10), answers).codes
    assert len(set(codes.tolist())) == 1_000
    assert codes.max() < 1_024


def test_codes_do_not_depend_on_order() -> None:
    """Redrawn or not, an answer's code is a function of the set of answers."""
    answers = [(f"a{n}",) for n in range(900)]
    bits = np.full(900, 10)
    forward = draw_codes(Keyring(SECRET), [b"r"] * 900, bits, answers).codes
    backward = draw_codes(Keyring(SECRET), [b"r"] * 900, bits, answers[::-1]).codes
    assert np.array_equal(forward, backward[::-1])


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_answer_sets_never_look_alike(one: list[str], other: list[str]) -> None:
    """Length prefixes: equal bytes mean equal answers."""
    assert (encode_answers(tuple(one)) == encode_answers(tuple(other))) == (one == other)


def test_pads_of_pairs_are_independent_of_their_names() -> None:
    """Over 300 subjects x 300 relations each bit of the pad is a fair coin, and rows do not repeat each other."""
    draw = np.random.default_rng(0).integers(0, 2**63, (600, 2), dtype=np.uint64)
    subjects, relations = np.repeat(draw[:300], 300, axis=0), np.tile(draw[300:], (300, 1))
    _, pad = PairHasher(Keyring(SECRET)).hashes(subjects, relations)
    bits = code_signs(pad, 64).reshape(300, 300, 64)
    assert np.abs(bits.mean(axis=(0, 1))).max() < 0.02
    products = bits[0] * bits[1] * bits[2] * bits[3]  # an additive pad would leave four rows dependent
    assert abs(float(products.mean())) < 0.03


def test_code_lengths_keep_the_bound() -> None:
    """Answers over 2^B never exceed the rate asked for, with room for a quarter or `spare` more answers."""
    for rate, spare in product((1e-3, 1e-6, 1e-9), (1, 12, 60)):
        for answers in (1, 2, 3, 7, 1_000, 126_266):
            bits = code_bits(answers, check_bits(rate), spare)
            assert max(answers * 1.25, answers + spare) / 2**bits <= rate


@given(st.text())
def test_folding_is_stable(name: str) -> None:
    """Folding what is folded changes nothing, and a name trimmed twice is the name trimmed once."""
    assert fold(fold(name)) == fold(name)
    assert trimmed(trimmed(name)) == trimmed(name)


def test_what_folds_together() -> None:
    """Width, case, dashes, tildes and runs of white space; the Japanese long vowel mark is no dash."""
    assert fold("ＡＢＣ－１２３") == fold("abc−123") == "abc-123"
    assert fold("10〜20") == fold("10～20") == "10~20"
    assert fold("型式 A  B") == fold("型式　a b")
    assert fold("データ") != fold("デ-タ")
