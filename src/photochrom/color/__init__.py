"""Color arithmetic, written once for NumPy arrays and torch tensors alike."""
