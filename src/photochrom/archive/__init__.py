"""Whole archives: what is left to do, done on all cores, and a ledger that survives anything.

    source ──► plan ──► ledger ──► engine ──► work (in processes) ──► target
    listing    what is   SQLite    who does   one photo: read,        written whole
               left                what when  color, write            or not at all

Each part knows nothing of the next: a plan is rows of the ledger, the work on a photo is one function of a picklable
task, and what becomes of it is a picklable report. Another engine needs the same three.
"""
