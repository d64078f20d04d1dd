"""The human test: which of the two is the real color photo? Zhang et al. 2016, "Colorful Image Colorization", 3.1."""
