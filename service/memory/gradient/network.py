"""Networks of one shape, side by side: every weight has a leading axis over them, and every product is a batched one.

    one layer, read-out `codes`                         several layers, or read-out `answers`
    s_h(t) = q_h . K_h x(t)                             s_h(i, t) = Q_h h(i) . K_h h(t)
    o = concat_h sum_t a_h(t) V_h x(t)                  h += O concat_h sum_t a_h(t) V_h h(t)
    z = relu(W1 o + b1)                                 h += W2 relu(W1 h + b1)
    y = [o ; z] W                                       y = h W, or h against one vector for each answer

The first is the memory's own form (closed_form/network.py) with every weight free; the second is that of Nichani, Lee
and Bietti (arXiv 2412.06538), with a residual stream so that layers can be stacked. Attention weights a are a softmax
of s, its largest entry alone (`argmax`, trained through the softmax), or the softmax without what lies below half the
uniform weight (`threshold`). Symbols: b networks, n facts, t tokens of a sequence, d width of a token.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor, nn

from service.memory.gradient.shape import Attention, Shape

NO_WEIGHTS: Mapping[str, Tensor] = MappingProxyType({})


class Networks(nn.Module):
    """b networks of one shape, each with its own weights."""

    def __init__(self, shape: Shape, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.shape = shape
        self.weights = nn.ParameterDict(weights)

    def forward(
        self,
        x: Float[Tensor, "b n t d"],
        without_layer: int | None = None,
        weights: Mapping[str, Tensor] = NO_WEIGHTS,
    ) -> Float[Tensor, "b n outputs"]:
        """The outputs for sequences x, whose last token is the end in the residual form.

        weights: stand in the place of the networks' own. They are handed down instead of being put into the module for
        the time of a call (torch.func.functional_call): threads that serve would read, and leave, each other's.
        """
        w = {**self.weights, **weights}
        if not self.shape.residual:
            return self._direct(w, x)
        for layer in range(self.shape.layers):
            if layer != without_layer:
                x = self._layer(w, x, layer)
        y: Tensor = x[:, :, -1] @ (w["answers"].mT if self.shape.readout == "answers" else w["W"])
        return y

    def _direct(self, w: Mapping[str, Tensor], x: Float[Tensor, "b n t d"]) -> Float[Tensor, "b n outputs"]:
        shape = self.shape
        b, n, t, d = x.shape
        key = (w["q"][:, :, None] @ w["K"])[:, :, 0] / math.sqrt(d)  # (b, heads, d)
        projected = x.reshape(b, n * t, d) @ torch.cat([w["V"], key], dim=1).mT
        width = shape.attention_width
        values = projected[..., :width].view(b, n, t, shape.d_head_vo, shape.heads)
        a = attention_weights(projected[..., width:].view(b, n, t, shape.heads), shape.attention)
        o = (values * a[..., None, :]).sum(dim=2).reshape(b, n, width)
        if shape.mlp_width:
            o = torch.cat([o, torch.relu(o @ w["W1"].mT + w["b1"][:, None])], dim=2)
        return o @ w["W"]

    def _layer(self, w: Mapping[str, Tensor], h: Float[Tensor, "b n t d"], layer: int) -> Float[Tensor, "b n i d"]:
        """One layer of the residual form; the last layer is computed at the end token alone."""
        asking = h[:, :, -1:] if layer == self.shape.layers - 1 else h
        stream = asking if self.shape.layers > 1 else torch.zeros_like(asking)
        if self.shape.heads:
            stream = stream + self._attention(w, h, asking, layer)
        if self.shape.mlp_width:
            b, n, i, d = stream.shape
            z = torch.relu(stream.reshape(b, n * i, d) @ w[f"W1_{layer}"].mT + w[f"b1_{layer}"][:, None])
            stream = stream + (z @ w[f"W2_{layer}"]).view(b, n, i, d)
        return stream

    def _attention(
        self, w: Mapping[str, Tensor], h: Float[Tensor, "b n t d"], asking: Float[Tensor, "b n i d"], layer: int
    ) -> Float[Tensor, "b n i d"]:
        heads = self.shape.heads
        (b, n, t, d), i = h.shape, asking.shape[2]
        flat = h.reshape(b, n * t, d)
        q = (asking.reshape(b, n * i, d) @ w[f"Q_{layer}"].mT).view(b, n, i, heads, -1)
        k = (flat @ w[f"K_{layer}"].mT).view(b, n, t, heads, -1)
        v = (flat @ w[f"V_{layer}"].mT).view(b, n, t, heads, -1)
        s = torch.einsum("bnihk,bnthk->bnith", q, k) / math.sqrt(self.shape.d_head_qk * d)
        a = attention_weights(s.reshape(b, n * i, t, heads), self.shape.attention).view(b, n, i, t, heads)
        o = torch.einsum("bnith,bnthv->bnihv", a, v).reshape(b, n * i, -1)
        return (o @ w[f"O_{layer}"]).view(b, n, i, d)


def attention_weights(scores: Float[Tensor, "b n t heads"], kind: Attention) -> Float[Tensor, "b n t heads"]:
    """The attention weights of scores, over the tokens t."""
    a = torch.softmax(scores, dim=2)
    if kind == "softmax":
        return a
    if kind == "argmax":
        hard = torch.zeros_like(a).scatter(2, a.argmax(dim=2, keepdim=True), 1.0)
        return hard + a - a.detach()
    kept = torch.where(a < 0.5 / scores.shape[2], 0.0, a)
    return kept / kept.sum(dim=2, keepdim=True)
