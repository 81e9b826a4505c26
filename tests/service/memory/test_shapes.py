"""Shapes stated in signatures are checked while tests run."""

import jaxtyping
import pytest
import torch

from service.memory.closed_form.admm import widest_margins


def test_arrays_that_do_not_fit_each_other_are_refused() -> None:
    """Features of four facts and targets of five: refused where they are handed over, not somewhere below."""
    with pytest.raises(jaxtyping.TypeCheckError, match="n"):
        widest_margins(torch.zeros(1, 4, 8), torch.zeros(1, 5, 2), 1e-2, 4)
