"""One look across photos: what several of them show gets the same colors in all."""
