"""Numbers and pictures that say how good a model is: the same Colorizer on the same file that ships."""
