"""The latent explorer: a web page on this machine for any trained autoencoder.

Importing this package imports neither Keras nor Dash. `Exploration` and `LocalExploration`, which know nothing of
web pages, compute the content; `pages` and `app` are the page; `server` serves it.
"""

from keras_ae._support.lazy import lazy_names

_WHERE = {
    "CodeVariable": "code_variables",
    "DetectorExploration": "judging",
    "ExploredImages": "images",
    "Exploration": "exploration",
    "LocalExploration": "local",
    "bundled_model": "sources",
    "find_sources": "sources",
    "make_app": "app",
    "open_exploration": "opening",
    "open_explorations": "opening",
    "serve": "server",
}
# Shared with other packages of this library; nobody else needs it.
_SHARED = {
    "free_socket": "server",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, {**_WHERE, **_SHARED})
