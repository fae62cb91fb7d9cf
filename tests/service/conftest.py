"""kafka-python warns of its own use of importlib.resources while it is imported; that is not ours to fix."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import kafka  # noqa: F401 - imported here once, so that no test meets the warning
