"""One product in MVTec AD's layout: train/good, test/KIND and ground_truth/KIND, with a mask for each defect."""

from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae.data.collection import TEST, TRAIN, Collection, Part
from keras_ae.data.datasets.folders import check_folder, subfolders
from keras_ae.data.image_formats import is_image
from keras_ae.data.label_names import numbered
from keras_ae.data.listing import LeftOut, image_files
from keras_ae.data.mask_names import pair_masks

GOOD, MASKS = "good", "ground_truth"
_EXPECTED = "train/good, test/good and test/KIND, and masks in ground_truth/KIND (MVTec AD's layout)"
_ACTION = "folder:PATH takes other layouts"


def open_mvtec(path: str | Path) -> Collection:
    """Opens one product: train/good for training and test/ for testing, with a label for each kind.

    The mask of `test/KIND/X.png` is `ground_truth/KIND/X_mask.png`, or `X.png` there. As in Bergmann et al.,
    "MVTec AD: A Comprehensive Real-World Dataset for Unsupervised Anomaly Detection", 2019.

    Raises:
        InputError: If the folder has another layout, or holds several products.
    """
    root = Path(path).expanduser()
    check_folder(root)
    _check_layout(root)
    left_out = LeftOut()
    files = {
        part: tuple(f"{part}/{name}" for name in image_files(root / part, left_out)) for part in (TRAIN, TEST)
    }
    for part, names in files.items():
        if not names:
            raise InputError(f"{str(root / part)!r}, which has no images", _EXPECTED, _ACTION)
    masks: list[str] = []
    notes = left_out.notes()
    if (root / MASKS).is_dir():
        listed = [f"{MASKS}/{name}" for folder in subfolders(root / MASKS) for name in _all_images(root, folder)]
        masks, alone = pair_masks(files[TEST], listed, (TEST,))
        notes += _mask_notes(files[TEST], masks, alone)
    else:
        notes += (f"no masks: there is no folder {MASKS}/",)
    names, labels = numbered({part: [name.split("/")[1] for name in names] for part, names in files.items()})
    parts = {part: Part(files[part], labels[part]) for part in files}
    if any(masks):
        parts[TEST] = Part(files[TEST], labels[TEST], tuple(masks))
    return Collection(parts, names, notes, root)


def _check_layout(root: Path) -> None:
    if not (root / TRAIN).is_dir() or not (root / TEST).is_dir():
        products = [name for name in subfolders(root) if (root / name / TRAIN / GOOD).is_dir()]
        action = f"name one product, such as mvtec:{root / products[0]}" if products else _ACTION
        raise InputError(f"the folder {str(root)!r} without train/ and test/", _EXPECTED, action)
    trained = subfolders(root / TRAIN)
    if trained != [GOOD]:
        names = ", ".join(f"train/{name}" for name in trained) or "no folder in train/"
        raise InputError(f"the folder {str(root)!r} with {names}", _EXPECTED, _ACTION)


def _all_images(root: Path, folder: str) -> list[str]:
    """Returns the images in a folder of masks, whatever their values."""
    base = root / MASKS / folder
    paths = (path for path in sorted(base.rglob("*")) if path.is_file() and is_image(path, path.name))
    return [f"{folder}/{path.relative_to(base).as_posix()}" for path in paths]


def _mask_notes(images: tuple[str, ...], masks: list[str], alone: list[str]) -> tuple[str, ...]:
    defects = [(image, mask) for image, mask in zip(images, masks, strict=True) if image.split("/")[1] != GOOD]
    without = [image for image, mask in defects if not mask]
    notes = []
    if without:
        notes.append(
            f"{len(without):,} of {len(defects):,} defective images have no mask (such as {without[0]!r})"
        )
    if alone:
        notes.append(f"{len(alone):,} masks belong to no image in test/ (such as {alone[0]!r})")
    return tuple(notes)
