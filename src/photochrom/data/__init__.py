"""Photos for training: finding, judging, augmenting and loading them."""
