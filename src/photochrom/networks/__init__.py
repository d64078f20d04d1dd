"""Every network by name. A network is one file here and one line in :data:`NETWORKS`.

A network maps ``(lightness_B1HW, hints_B3HW)`` to ``raw_BQhw``: L is 0..100; hints are a mask (0 or 1) and the a and b
of the hinted pixels (0 elsewhere); H and W are multiples of its ``multiple``; what raw means is said by a class of
:mod:`photochrom.chroma`, which also fixes Q.
"""

from photochrom.networks.encoder_unet import EncoderUNet

NETWORKS = {
    "encoder_unet": EncoderUNet,
}
