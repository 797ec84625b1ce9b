"""The twins of `scratch`: same names, same arguments, the value without a cache; autograd walks back."""

from torch.nn import functional as F


def conv2d(x, weight, bias=None, stride=1, padding=0):
    return F.conv2d(x, weight, bias, stride, padding)


def max_pool2d(x, size, stride=None):
    return F.max_pool2d(x, size, stride)


def avg_pool2d(x, size, stride=None):
    return F.avg_pool2d(x, size, stride)


def batch_norm(x, weight, bias, eps=1e-5):
    return F.batch_norm(x, None, None, weight, bias, training=True, eps=eps)


def batch_statistics(x):
    return x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
