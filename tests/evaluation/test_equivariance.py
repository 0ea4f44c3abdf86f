"""The probe of spatial information: networks of which it is known what each layer tells."""

import keras
import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.architectures import cnn_lea
from keras_ae.evaluation import spatial_information

SIDE = 6
QUICK = {"units": 24, "epochs": 12, "batch_size": 32, "learning_rate": 1e-2}


def _dots(count: int, seed: int):
    """One bright pixel an image; factors: its row, its column, and whether it is bright or very bright."""
    generator = np.random.default_rng(seed)
    row, column = generator.integers(SIDE, size=(2, count))
    bright = generator.integers(2, size=count)
    images = np.zeros((count, SIDE, SIDE, 1), np.float32)
    images[np.arange(count), row, column, 0] = 1 + bright
    return images, np.stack([row, column, bright], axis=1)


TRAIN, TEST = _dots(500, 0), _dots(250, 1)
NAMES = ("row", "column", "brightness")


def _network():
    """Layers that keep all, that drop where the pixel is, and that drop everything."""
    image = keras.Input((SIDE, SIDE, 1), name="image")
    kept = keras.layers.Rescaling(2.0, name="kept")(image)
    dropped = keras.layers.Dropout(0.9, name="dropout")(kept)
    rows = keras.layers.MaxPooling2D((1, SIDE), name="rows")(dropped)
    anywhere = keras.layers.GlobalMaxPooling2D(name="anywhere")(rows)
    nothing = keras.layers.Rescaling(0.0, name="nothing")(anywhere)
    return keras.Model(image, nothing)


@pytest.fixture(scope="module")
def told():
    found = spatial_information(_network(), *TRAIN, *TEST, factor_names=NAMES, **QUICK)
    return found.set_index(["layer", "factor"])


@pytest.mark.thorough
def test_layers_come_in_order_without_copies(told):
    assert list(told.index.get_level_values("layer").unique()) == ["image", "kept", "rows", "anywhere", "nothing"]
    assert told["features"].groupby("layer").first().to_dict() == {
        **{"image": 36, "kept": 36},
        **{"rows": 6, "anywhere": 1, "nothing": 1},
    }


@pytest.mark.parametrize(
    ("layer", "kept"),
    [
        ("image", NAMES),
        ("kept", NAMES),
        ("rows", ("row", "brightness")),
        ("anywhere", ("brightness",)),
        ("nothing", ()),
    ],
)
def test_what_a_layer_keeps_is_told_and_what_it_drops_is_not(told, layer, kept):
    for factor in NAMES:
        row = told.loc[layer, factor]
        if factor in kept:
            assert min(row["test"], row["train"]) > 0.95
        else:
            assert row["test"] < row["chance"] + 0.12


def test_chance_is_the_most_frequent_value_of_training(told):
    most = np.bincount(TRAIN[1][:, 0]).argmax()
    assert told.loc["image", "row"]["chance"] == pytest.approx(np.mean(TEST[1][:, 0] == most))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("schedule", "rate"), [("constant", 1e-2), ("cosine", keras.optimizers.schedules.CosineDecay(1e-2, 2 * 16))]
)
def test_a_probe_is_a_plain_model_trained_by_hand(schedule, rate):
    """The same first weights and order: the same accuracies, although another layer's probe learns beside it."""
    quick = {**QUICK, "epochs": 2, "layers": ["image", "rows"], "schedule": schedule}
    found = spatial_information(_network(), *TRAIN, *TEST, **quick, seed=3)
    seeds = np.random.SeedSequence((3, 1)).generate_state(4).tolist()  # "rows" is the second that is probed
    dense = [
        keras.layers.Dense(n, a, kernel_initializer=keras.initializers.GlorotUniform(seed))
        for n, a, seed in zip((24, SIDE, SIDE, 2), ("relu", None, None, None), seeds, strict=True)
    ]
    inputs = keras.Input((SIDE,))
    hidden = dense[0](inputs)
    plain = keras.Model(inputs, [head(hidden) for head in dense[1:]])
    loss = [keras.losses.SparseCategoricalCrossentropy(from_logits=True)] * 3
    plain.compile(keras.optimizers.Adam(rate), loss)
    (x, y), generator = TRAIN, np.random.default_rng(3)
    rows_of = [2 * images.max(axis=(2, 3)) for images in (x, TEST[0])]
    for _ in range(2):
        order = generator.permutation(len(x))
        for start in range(0, len(x), 32):
            rows = order[start : start + 32]
            plain.train_on_batch(rows_of[0][rows], [y[rows, i] for i in range(3)])
    for part, images, factors in (("train", rows_of[0], y), ("test", rows_of[1], TEST[1])):
        said = [np.asarray(logits).argmax(axis=1) for logits in plain.predict(images, verbose=0)]
        expected = [np.mean(told == factors[:, i]) for i, told in enumerate(said)]
        assert found[found["layer"] == "rows"][part].tolist() == pytest.approx(expected, abs=0.004)


@pytest.mark.thorough
@pytest.mark.tensorflow
def test_the_network_stays_as_it_is_and_code_maps_are_probed():
    model = cnn_lea(
        (SIDE, SIDE, 1), (2,), 2, window=4, strides=2, bottleneck="variational", filters=(2, 2), units=4
    )
    model.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = [np.array(variable) for variable in model.variables]
    flags = [variable.trainable for variable in model.weights]
    quick = {**QUICK, "epochs": 1}
    found = spatial_information(model, *TRAIN, *TEST, layers=["lea2", "image", "lea1"], **quick)
    assert found["layer"].unique().tolist() == ["image", "lea1", "lea2"]
    again = spatial_information(model, *TRAIN, *TEST, layers=["image", "lea1", "lea2"], **quick)
    assert found.equals(again)
    for variable, value in zip(model.variables, before, strict=True):
        assert np.array(variable).tobytes() == value.tobytes()
    assert [variable.trainable for variable in model.weights] == flags
    assert all(np.isfinite(float(loss)) for loss in model.losses)  # Nothing is left of the graphs that ran it.
    model.fit(TRAIN[0][:32], TRAIN[1][:32, 2], verbose=0)


@pytest.mark.thorough
def test_without_units_a_probe_is_linear_and_one_factor_needs_no_column():
    """Whether two pixels differ no linear classifier tells."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(2, size=(800, 2)).astype(np.float32)
    differ = (pixels[:, 0] != pixels[:, 1]).astype(int)
    image = keras.Input((2,), name="image")
    model = keras.Model(image, keras.layers.Rescaling(1.0)(image))
    data, quick = (pixels, differ, pixels, differ), {**QUICK, "epochs": 20, "layers": ["image"]}
    linear = spatial_information(model, *data, **quick | {"units": 0})
    assert linear["test"].item() < 0.8
    assert spatial_information(model, *data, **quick)["test"].item() == 1


@pytest.mark.thorough
def test_layers_of_several_outputs_are_left_out():
    image = keras.Input((4, 3), name="image")
    _, last, _ = keras.layers.LSTM(2, return_state=True, name="several")(image)
    model = keras.Model(image, keras.layers.Dense(2, name="logits")(last))
    images, factors = np.ones((8, 4, 3), np.float32), np.arange(8) % 2
    data, quick = (images, factors, images, factors), {**QUICK, "epochs": 1}
    assert spatial_information(model, *data, **quick)["layer"].tolist() == ["image", "logits"]
    assert spatial_information(model, *data, layers="logits", **quick)["layer"].tolist() == ["logits"]
    assert spatial_information(model, *data, factor_names="side", **quick)["factor"].tolist() == ["side"] * 2
    for layers in (["several"], "several"):
        with pytest.raises(InputError, match="one output 'several'"):
            spatial_information(model, *data, layers=layers, **quick)


@pytest.mark.thorough
def test_large_maps_are_averaged_only_where_that_is_asked():
    quick = {**QUICK, "epochs": 1, "layers": ["image", "rows", "anywhere"]}
    found = spatial_information(_network(), *TRAIN, *TEST, max_features=9, **quick)
    assert found.groupby("layer", sort=False)["features"].first().tolist() == [9, 6, 1]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"layers": ["roows"]}, "rows"),
        ({"train_factors": TRAIN[1][:10]}, "500 images"),
        ({"train_factors": TRAIN[1] - 1}, "from 0 on"),
        ({"test_factors": TEST[1][:, :2]}, "3 factors to train on and 2"),
        ({"factor_names": ["x"]}, "3, one a factor"),
        ({"model": keras.Sequential()}, "functional model"),
    ],
)
def test_what_does_not_fit_is_refused(changed, message):
    names = ("train_images", "train_factors", "test_images", "test_factors")
    arguments = {"model": _network(), **dict(zip(names, (*TRAIN, *TEST), strict=True))}
    with pytest.raises(InputError, match=message):
        spatial_information(**arguments | changed)
