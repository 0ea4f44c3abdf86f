"""The checks that every registered part goes through."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from conformance import parts
from conformance.parts import all_parts, inputs_for

import keras_ae as kae
from keras_ae.objectives import MultiObjective

# Float32 sums in another order, divided by the deviations of maps of a few pixels: seen up to 2e-5.
ROUNDING = 1e-4
EVERY_PART = pytest.mark.parametrize("part", all_parts(), ids=lambda part: part.id)
# For what takes seconds: all but one example of a part are slow.
AN_EXAMPLE_OF_EACH = pytest.mark.parametrize(
    "part",
    [pytest.param(part, id=part.id, marks=[pytest.mark.slow] if part.index else []) for part in all_parts()],
)


def _array(tensor) -> np.ndarray:
    return keras.ops.convert_to_numpy(tensor)


def _compile(model, *arguments) -> None:
    if isinstance(model, MultiObjective) and keras.backend.backend() != "tensorflow":
        pytest.skip("several objectives train on TensorFlow only")
    model.compile(*arguments)
    if not isinstance(model, MultiObjective):  # whose `compile` does so
        model.optimizer.build(model.trainable_variables)  # or Keras traces the first step twice


@EVERY_PART
def test_makes_finite_outputs_of_the_shape_it_says(part):
    model = part.built()
    for batch in (1, 3):
        output = _array(model(inputs_for(model, batch)))
        assert output.shape == tuple(model.compute_output_shape((batch, *parts.input_shape(model))))
        assert np.isfinite(output).all()


@EVERY_PART
def test_images_do_not_influence_each_other_at_inference(part):
    model = part.built()
    images = inputs_for(model)
    together, alone = _array(model(images)), _array(model(images[:1]))
    np.testing.assert_allclose(together[:1], alone, rtol=ROUNDING, atol=ROUNDING)


@EVERY_PART
def test_config_holds_every_constructor_argument_and_makes_the_same_part(part):
    layer = part.layer()
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    if part.kind in ("layer", "bottleneck"):
        arguments = set(inspect.signature(type(layer).__init__).parameters) - {"self", "kwargs"}
        assert arguments <= set(layer.get_config())


@EVERY_PART
def test_every_keyword_is_documented_in_the_catalogue(part):
    catalogue = next(c for c in parts.CATALOGUES if c.kind == part.kind)
    own = [name for name in inspect.signature(part.make).parameters if name != "kwargs"]
    assert list(catalogue.keywords(part.name))[: len(own)] == own
    assert part.make.__doc__


@EVERY_PART
def test_every_keyword_of_the_catalogue_is_taken(part):
    catalogue = next(c for c in parts.CATALOGUES if c.kind == part.kind)
    inherited = set(catalogue.keywords(part.name)) - set(inspect.signature(part.make).parameters)
    if inherited:
        config = part.layer().get_config()
        made = part.example.build(part.make, **{name: config[name] for name in inherited})
        assert made.get_config() == {**config, "name": made.name}


@pytest.mark.thorough
@AN_EXAMPLE_OF_EACH
def test_trains_and_moves_every_variable(part):
    model = part.model()
    if not model.trainable_variables:
        pytest.skip("it has no variables")
    images = inputs_for(model, 8)
    before = [np.array(_array(v)) for v in model.trainable_variables]
    target = np.random.default_rng(1).random(model.compute_output_shape(images.shape)).astype("float32")
    _compile(model, keras.optimizers.Adam(1e-2), "mse")
    history = model.fit(images, target, epochs=3, batch_size=4, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    for variable, old in zip(model.trainable_variables, before, strict=True):
        assert np.any(_array(variable) != old), variable.path


def _gives_images(model) -> bool:
    return isinstance(model, kae.Autoencoder)


@pytest.mark.thorough
@AN_EXAMPLE_OF_EACH
def test_computes_in_bfloat16_and_keeps_float32_weights(part):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = part.model()
        images = inputs_for(model, 4)
        computed = (
            model.decoder(model.bottleneck(model.encoder(model.target(images))))
            if _gives_images(model)
            else model(images)
        )
        assert keras.backend.standardize_dtype(computed.dtype) == "bfloat16"
        if _gives_images(model):  # files hold no bfloat16
            assert keras.backend.standardize_dtype(model(images).dtype) == "float32"
        assert all(v.dtype == "float32" for v in model.trainable_variables)
        target = np.zeros(model.compute_output_shape(images.shape), "float32")
        _compile(model, "adam", "mse")
        assert np.isfinite(model.train_on_batch(images, target)).all()
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="module")
def loaded_elsewhere(tmp_path_factory):
    """Each part's outputs here, and those of its saved model in a fresh process."""
    directory = tmp_path_factory.mktemp("saved")
    expected = {}
    for part in all_parts():
        model = part.built()
        expected[part.id] = _array(model(inputs_for(model)))
        model.save(directory / f"{part.id}.keras")
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run([sys.executable, "-m", "conformance.parts", directory], check=True, env=environment)
    return {name: (output, np.load(directory / f"{name}.npy")) for name, output in expected.items()}


@pytest.mark.thorough
@EVERY_PART
def test_saves_and_loads_in_a_fresh_process(part, loaded_elsewhere):
    expected, loaded = loaded_elsewhere[part.id]
    np.testing.assert_allclose(loaded, expected, atol=1e-6)


@pytest.mark.thorough
@pytest.mark.tensorflow
@AN_EXAMPLE_OF_EACH
def test_exports_to_a_saved_model(part, tmp_path):
    import tensorflow as tf

    model = part.built()
    model.export(tmp_path / "exported", verbose=False)
    images = inputs_for(model)
    exported = tf.saved_model.load(tmp_path / "exported")
    np.testing.assert_allclose(exported.serve(images), _array(model(images)), atol=1e-5)


@pytest.mark.thorough
@pytest.mark.tensorflow
@AN_EXAMPLE_OF_EACH
def test_is_the_same_under_xla(part):
    import tensorflow as tf

    model = part.built()
    images = tf.constant(inputs_for(model))
    compiled = tf.function(lambda batch: model(batch, training=False), jit_compile=True)
    np.testing.assert_allclose(compiled(images), model(images, training=False), rtol=ROUNDING, atol=ROUNDING)
