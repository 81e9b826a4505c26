"""Shapes of equal size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.laboratory.sizes.allocation import DESIGNS
from service.laboratory.sizes.capacity import END_TO_END
from service.laboratory.sizes.shapes import ROUGH, SMALLEST, Design, close, equal, nearest
from tests.examples import examples

sizes = st.integers(SMALLEST, 6000)


@examples(60)
@given(st.sampled_from(DESIGNS), sizes, st.integers(3, 24), st.sampled_from([16, 20, 24]))
def test_designs_that_are_compared_have_the_same_size(design: Design, size: int, outputs: int, d_model: int) -> None:
    """Whatever the number of parameters, code and token, a design comes within one per cent of it."""
    shape = nearest(design, size, outputs, d_model)
    unit = shape.attention_width + 1 + outputs
    assert abs(shape.parameters - size) < max(0.01 * size, 0.5 * unit)
    if size >= 1000 and d_model == 16:
        assert abs(shape.parameters / size - 1) < 0.01


@examples(40)
@given(sizes.filter(lambda size: size >= 1000), st.sampled_from([8, 12]))
def test_designs_differ_in_where_their_parameters_are(size: int, outputs: int) -> None:
    """The heavy designs are heavy: attention has most in one, least in another, and all parameters are counted."""
    shares = []
    for design in DESIGNS:
        shape = nearest(design, size, outputs, 16)
        assert shape.attention_parameters + shape.mlp_parameters == shape.parameters
        shares.append(shape.attention_parameters / shape.parameters)
    assert shares[0] > 0.6 > shares[1] > 0.35 > shares[2]


@examples(60)
@given(sizes, st.integers(3, 24), st.sampled_from([16, 20, 24]))
def test_a_design_is_what_it_is_called_or_left_out(size: int, outputs: int, d_model: int) -> None:
    """However small: shapes in a comparison are of one size, and no two designs are the same network by other names."""
    shapes = [shape for design in DESIGNS if (shape := close(design, size, outputs, d_model))]
    shares = [shape.attention_parameters / shape.parameters for shape in shapes]
    assert all(abs(shape.parameters / size - 1) <= ROUGH for shape in shapes)
    assert shares == sorted(shares, reverse=True)
    assert len(set(shapes)) == len(shapes) > 0


def test_attention_only_has_no_mlp() -> None:
    """A share of 1 leaves nothing to the MLP; a design of one head has one."""
    mixed, attention, mlp = (nearest(design, 1500, 8, 16) for design in END_TO_END)
    assert attention.mlp_parameters == 0
    assert mixed.mlp_parameters > 0
    assert mlp.heads == 1
    assert mlp.mlp_parameters > 0.7 * mlp.parameters


@pytest.mark.parametrize(("size", "fits"), [(500, False), (1000, True)])
def test_a_head_too_wide_for_the_size_is_told(size: int, fits: bool) -> None:
    """One head of 1:32 with its values alone has more than 500 parameters, so it is not compared at that size."""
    shape = nearest(Design("1:32", 0.5, d_head_vo=(32,)), size, 8, 16)
    assert equal(shape, size) is fits
