"""One door to the array API, for NumPy arrays and torch tensors alike.

NumPy 2 speaks the array API itself; array_api_compat, which takes a tenth of a second to import, is only needed for
others.
"""

from typing import Any

import numpy as np

Array = Any
"""A NumPy array or a torch tensor; of a floating type where a docstring says nothing else."""


def namespace(array: Array) -> Any:
    """Return the module whose functions work on ``array``: NumPy, or torch as array_api_compat wraps it."""
    if isinstance(array, np.ndarray | np.generic):
        return np
    from array_api_compat import array_namespace

    return array_namespace(array)
