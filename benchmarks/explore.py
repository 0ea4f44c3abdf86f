"""How long the explorer takes to answer a slider: the callback that decodes and encodes a PNG, over HTTP.

    python benchmarks/explore.py [RUN ...] [--repeats 200]

Without a run it is the bundled model. What else the machine did meanwhile is in the last columns.
"""

import argparse
import statistics
import time

from keras_ae.explore import bundled_model, open_explorations
from keras_ae.explore.app import make_app

OUTPUT = "..decoded.src...code.data.."


def slider_times(client, explored, number: int, repeats: int) -> list[float]:
    """Seconds of each of so many answers to a moved slider."""
    moved = explored.variables[0]
    sliders = [{"type": "slider", "index": each.index} for each in explored.variables[:16]]
    base = [float(value) for value in explored.start]
    times = []
    for repeat in range(repeats):
        share = repeat / repeats
        values = [base[slider["index"]] for slider in sliders]
        values[0] = (1 - share) * moved.low + share * moved.high
        body = {
            "output": OUTPUT,
            "outputs": [{"id": "decoded", "property": "src"}, {"id": "code", "property": "data"}],
            "inputs": [_each(sliders, "value", values), {"id": "base", "property": "data", "value": base}],
            "state": [_each(sliders, "id", sliders), {"id": "which", "property": "data", "value": number}],
            "changedPropIds": [],
        }
        started = time.perf_counter()
        answer = client.post("/_dash-update-component", json=body)
        times.append(time.perf_counter() - started)
        assert answer.status_code == 200, answer.text
    return times[5:]  # the first ones compile


def _each(sliders, field: str, values) -> list[dict]:
    pairs = zip(sliders, values, strict=True)
    return [{"id": slider, "property": field, "value": value} for slider, value in pairs]


def main() -> None:
    """Print a row a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*")
    parser.add_argument("--repeats", type=int, default=200)
    arguments = parser.parse_args()
    explorations = open_explorations(arguments.runs or [bundled_model()], progress=False)
    client = make_app(explorations).server.test_client()
    print(f"{'model':<28} {'images':>10} {'code':>10} {'median, ms':>11} {'95 %, ms':>9} {'slowest, ms':>12}")
    for number, explored in enumerate(explorations):
        times = sorted(1000 * each for each in slider_times(client, explored, number, arguments.repeats))
        shapes = ["×".join(map(str, shape)) for shape in (explored.image_shape, explored.code_shape)]
        median, high = statistics.median(times), times[int(0.95 * len(times))]
        print(f"{explored.name:<28} {shapes[0]:>10} {shapes[1]:>10} {median:11.1f} {high:9.1f} {times[-1]:12.1f}")


if __name__ == "__main__":
    main()
