"""Imports Keras without the packages that it imports only to wrap them."""

import sys

WRAPPED = ("matplotlib.pyplot", "pandas", "sklearn")


def import_keras() -> None:
    """Import Keras in two thirds of the time, for a process of this library.

    Keras imports scikit-learn, pandas and pyplot for its own estimators, for data frames in `fit` and for
    galleries of images, which the library's commands do not use. Here it does not find them; they can be
    imported afterwards.
    """
    if "keras" in sys.modules:
        return
    hidden = [name for name in WRAPPED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: not to be imported
    try:
        import keras  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]
