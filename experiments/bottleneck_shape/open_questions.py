"""Tables beside the paper's: which half overfits, denoising by map size, and training in half precision."""

import pandas

from experiments.bottleneck_shape.study import NOISE


def halves(runs: pandas.DataFrame, before: pandas.DataFrame) -> pandas.DataFrame:
    """Test errors with one half trained anew on many images, beside the CAE's as it was trained on few.

    Args:
        runs: Of the preset "halves".
        before: Of the preset "cpu": the CAEs on few images, and some on as many as `runs`.
    """
    rows = []
    for code, of_code in runs.groupby("code", sort=False):
        errors = of_code.set_index("new")["validation.mse"]
        few = before[(before["experiment"] == "dynamics") & (before["data"] == "cifar10") & (before["seed"] == 0)]
        rows.append(
            {
                "code": code.replace("x", "×"),
                "as trained on 1,000 images": few.set_index("code").loc[code, "validation.mse"],
                "new decoder, frozen encoder": errors.get("decoder"),
                "new encoder, frozen decoder": errors.get("encoder"),
            }
        )
    return pandas.DataFrame(rows)


def denoising(runs: pandas.DataFrame, before: pandas.DataFrame) -> pandas.DataFrame:
    """Error against the clean image of CAEs trained to take noise away, beside the error of plain ones."""
    plain = before[(before["experiment"] == "dynamics") & (before["data"] == "cifar10") & (before["seed"] == 0)]
    return pandas.DataFrame(
        {
            "code": [code.replace("x", "×") for code in runs["code"]],
            "the noisy image itself: MSE": NOISE**2,  # at most: clipping takes some of it away
            "denoising: test MSE against clean images": runs["validation.mse"].to_numpy(),
            "SSIM": runs["validation.ssim"].to_numpy(),
            "without noise: test MSE": plain.set_index("code").loc[runs["code"], "validation.mse"].to_numpy(),
        }
    )


def precision(runs: pandas.DataFrame, before: pandas.DataFrame) -> pandas.DataFrame:
    """Errors of the same runs in bfloat16 and in float32, means and deviations over the seeds."""
    same = before[
        (before["experiment"] == "dynamics")
        & (before["data"] == "cifar10")
        & before["code"].isin(runs["code"])
        & before["seed"].isin(runs["seed"])
    ]
    rows = []
    for name, of_one in {"float32": same, "mixed_bfloat16": runs}.items():
        row = {"precision": name, "code": of_one["code"].iloc[0].replace("x", "×"), "seeds": len(of_one)}
        for column, label in {"final_loss": "training MSE", "validation.mse": "test MSE"}.items():
            row |= {label: of_one[column].mean(), f"{label}, s.d.": of_one[column].std()}
        rows.append(row)
    return pandas.DataFrame(rows)
