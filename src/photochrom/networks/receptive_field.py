"""How many pixels of a photo one place of the answer can see."""

from torch import nn

LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.MaxPool2d)
PHASES = 256


def receptive_field(network: nn.Module) -> int:
    """Return the side, in input pixels, of the square that one place of the answer depends on.

    An interval of places is walked back through every layer: o = s i - p + d t, t = 0..k-1, says which places i a place
    o of a convolution (i = s o - p + d t) or of a transposed one meets. Places beside each other may see a
    pixel more or less after up-sampling: the largest is returned. The network's convolutions and max-pools must be
    registered in the order of use and form one path; skips that join along the deepest path change nothing. That
    leaves out networks with shortcut convolutions (ResNet bodies), attention, or up-sampling by interpolation.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, LAYERS)]
    return max(_seen(layers, place) for place in range(PHASES))


def _seen(layers: list[nn.Conv2d | nn.ConvTranspose2d | nn.MaxPool2d], place: int) -> int:
    first = last = place
    for layer in reversed(layers):
        kernel, stride, padding, dilation = (
            value if isinstance(value, int) else int(value[0])  # every layer here is square
            for value in (layer.kernel_size, layer.stride, layer.padding, layer.dilation)
        )
        reach = dilation * (kernel - 1)
        if isinstance(layer, nn.ConvTranspose2d):
            first, last = -((reach - first - padding) // stride), (last + padding) // stride
        else:
            first, last = first * stride - padding, last * stride - padding + reach
    return last - first + 1
