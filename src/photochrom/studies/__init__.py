"""Every study by name. A study is one file here and one line in :data:`STUDIES`."""

from photochrom.studies import (
    dcgan,
    default,
    default_parts,
    eccv16,
    families,
    gallery,
    palette24,
    pix2pix,
    recognition,
    regression_cnn,
    resnet_pretraining,
    rgb_baseline,
)

STUDIES = {
    "dcgan": dcgan.STUDY,
    "default": default.STUDY,
    "default_parts": default_parts.STUDY,
    "eccv16": eccv16.STUDY,
    "families": families.STUDY,
    "gallery": gallery.STUDY,
    "palette24": palette24.STUDY,
    "pix2pix": pix2pix.STUDY,
    "recognition": recognition.STUDY,
    "regression_cnn": regression_cnn.STUDY,
    "resnet_pretraining": resnet_pretraining.STUDY,
    "rgb_baseline": rgb_baseline.STUDY,
}
