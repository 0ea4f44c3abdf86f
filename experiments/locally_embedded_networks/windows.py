"""Which windows a linear VAE would encode at all: what theory predicts for Figure 5.5, from the images alone.

With the squared error summed over a window and β times the divergence (eq. 3.2), a linear VAE is probabilistic
PCA with a noise of variance β/2: it uses a code value for each eigenvalue of the windows' covariance above β/2.
Codes of windows without any such eigenvalue tell nothing.
"""

from pathlib import Path

import numpy as np
import pandas

from experiments.locally_embedded_networks.scales import CPU, PAPER
from keras_ae._support.files import write_text

IMAGES = 1_000
USED = "code values that a linear VAE uses"


def variances(images: np.ndarray, window: int) -> np.ndarray:
    """Eigenvalues of the covariance of all windows [window, window, c], stride = window; the largest first.

    Args:
        images: [n, h, w, c]; rows and columns that no whole window covers are left out.
    """
    n, height, width, channels = images.shape
    rows, columns = height // window, width // window
    cut = images[:, : rows * window, : columns * window].reshape(n, rows, window, columns, window, channels)
    flat = cut.transpose(0, 1, 3, 2, 4, 5).reshape(-1, window * window * channels).astype(np.float64)
    return np.linalg.eigvalsh(np.atleast_2d(np.cov(flat, rowvar=False, bias=True)))[::-1]


def codes_in_use(eigenvalues: np.ndarray, beta: float = 1.0) -> int:
    """Number of code values that a linear VAE would use."""
    return int(np.sum(eigenvalues > beta / 2))


def prediction(images_of: int = IMAGES) -> pandas.DataFrame:
    """A row a size of images (the thesis's, and that of two cores) and window, β = 1."""
    rows = []
    for scale in (PAPER, CPU):
        data = scale.data.load(progress=False)
        images = data.images("test", images_of)
        for window in (w for w in PAPER.windows if w <= images.shape[1]):
            found = variances(images, window)
            rows.append(
                {
                    "image": f"{images.shape[1]}×{images.shape[2]}",
                    "window": f"{window}×{window}",
                    "largest eigenvalue": found[0],
                    USED: codes_in_use(found),
                }
            )
    return pandas.DataFrame(rows)


def load(results: Path) -> pandas.DataFrame:
    """The prediction that is kept; no rows where there is none."""
    path = results / "linear_vae.csv"
    return pandas.read_csv(path) if path.exists() else pandas.DataFrame()


def silent(predicted: pandas.DataFrame, side: int = CPU.data.image_size[0]) -> list[int]:
    """Sides of the windows of images of that side that a linear VAE would not encode."""
    rows = predicted[(predicted["image"] == f"{side}×{side}") & (predicted[USED] == 0)]
    return [int(window.split("×")[0]) for window in rows["window"]]


def keep(results: Path) -> None:
    """Write the prediction to linear_vae.csv, if it is not there."""
    path = results / "linear_vae.csv"
    if not path.exists():
        write_text(path, prediction().to_csv(index=False, float_format="%.4g"))
