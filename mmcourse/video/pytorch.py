"""The twins of `scratch`: same names, same arguments, the value without a cache; autograd walks back."""

from mmcourse.attention.pytorch import scaled_dot_product_attention


def mean_pool(x, mask=None):
    if mask is None:
        return x.mean(-2) if x.shape[-2] else x.sum(-2)
    return _only(x, mask).sum(-2) / mask.sum(-1, keepdim=True).clamp_min(1)


def max_pool(x, mask=None):
    if mask is None:
        return x.amax(-2) if x.shape[-2] else x.sum(-2)
    y = x.masked_fill(~mask[..., None], float("-inf")).amax(-2)
    return y.masked_fill(~mask.any(-1, keepdim=True), 0)


def attention_pool(x, w, mask=None):
    seen = _only(x, mask)
    return scaled_dot_product_attention(w, seen, seen, None if mask is None else mask[..., None, :])


def fuse_scores(scores, weights=None, present=None):
    weights = scores.new_ones(scores.shape[-2]) if weights is None else weights
    counts = weights.expand(scores.shape[:-1])
    if present is not None:
        scores, counts = _only(scores, present), counts.masked_fill(~present, 0)
    total = counts.sum(-1, keepdim=True)
    p = counts / total.masked_fill(total == 0, 1)
    return (p[..., None, :] @ scores)[..., 0, :]


def _only(x, mask):
    return x if mask is None else x.masked_fill(~mask[..., None], 0)
