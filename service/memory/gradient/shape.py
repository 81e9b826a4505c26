"""The shape of a network that is trained end to end, and what its weights number."""

from dataclasses import dataclass
from typing import Literal

Attention = Literal["softmax", "argmax", "threshold"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One network. outputs: bits of an answer's code, or (read-out `answers`) distinct answers.

    Read-out `codes`, one layer: y = [o ; z] W, z = act(W1 o + b), as in the closed form; signs of y are the code.
    Read-out `answers`, or several layers: a residual stream of width d_model (arXiv 2412.06538): h += O o,
    h += W2 act(W1 h); `answers` takes the soft-max of h against one random vector for each answer, `codes` the signs
    of h W. Tokens (and the vectors of answers) are random, `frozen` or `trained` with the rest.
    """

    d_model: int
    heads: int
    d_head_qk: int
    d_head_vo: int
    mlp_width: int
    outputs: int
    layers: int = 1
    attention: Attention = "softmax"
    readout: Literal["codes", "answers"] = "codes"
    embeddings: Literal["frozen", "trained"] = "frozen"

    @property
    def residual(self) -> bool:
        return self.layers > 1 or self.readout == "answers"

    @property
    def attention_width(self) -> int:
        """Width of the concatenated attention output, heads x d_head_vo."""
        return self.heads * self.d_head_vo

    @property
    def attention_parameters(self) -> int:
        """q, K, V and the rows of the output map that read the attention."""
        width, d = self.attention_width, self.d_model
        if not self.residual:
            return self.heads * self.d_head_qk * (d + 1) + width * d + width * self.outputs
        return self.layers * (2 * self.heads * self.d_head_qk * d + 2 * width * d)

    @property
    def mlp_parameters(self) -> int:
        """W1, b and the rows of the output map that read the MLP."""
        m = self.mlp_width
        if not self.residual:
            return m * (self.attention_width + 1) + m * self.outputs
        return self.layers * m * (2 * self.d_model + 1)

    @property
    def parameters(self) -> int:
        """Every trained weight but those of trained embeddings, whose number depends on the vocabulary."""
        out = self.d_model * self.outputs if self.residual and self.readout == "codes" else 0
        return self.attention_parameters + self.mlp_parameters + out

    @property
    def scales(self) -> int:
        """Float16 scales that are stored beside the steps: one for each unit of a layer, and one for all biases."""
        heads, width, mlp = self.heads, self.attention_width, self.mlp_width + 1 if self.mlp_width else 0
        if not self.residual:
            return heads * (1 + self.d_head_qk) + width + mlp + self.outputs
        attention = 2 * heads * self.d_head_qk + width + self.d_model if heads else 0
        out = self.outputs if self.readout == "codes" else 0
        return self.layers * (attention + (mlp + self.d_model if mlp else 0)) + out

    @property
    def stored(self) -> int:
        """Everything that is stored and was learned: parameters and scales. What is held is counted by these."""
        return self.parameters + self.scales
