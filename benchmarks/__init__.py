"""What `photochrom colorize` costs, beside what it must cost: `make bench`, or `python -m benchmarks --help`."""
