"""Lets ``python -m photochrom`` and ``accelerate launch -m photochrom`` run the command line."""

from photochrom.cli import main

if __name__ == "__main__":
    main()
