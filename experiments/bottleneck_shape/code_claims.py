"""Claims about what codes hold and how they resemble each other (sections 3.2 and 3.4, Figures 3 and 5).

Each takes the `Evidence` and gives (claim, measured, holds), or None where the measurements for it are missing.
"""

import pandas

CLOSE = 0.03  # differences of scores and similarities that count as none


def codes_beat_images(evidence):
    rows = evidence.probes
    if not len(rows):
        return None
    better = (rows["score"] > rows["baseline"]).mean()
    measured = (
        f"{_measure(rows)} {rows['score'].mean():.3f} on codes, {rows['baseline'].mean():.3f} on the images; "
        f"{better:.0%} of the codes are better"
    )
    return "Linear classifiers do better on codes than on images", measured, better == 1


def channels_help_classifiers(evidence):
    return _channels(evidence, "score", "More channels help the classifiers")


def channels_help_at_equal_length(evidence):
    claim = "also with all codes projected to equal length (the paper's open question)"
    return _channels(evidence, "projected", claim)


def _channels(evidence, column: str, claim: str):
    rows = evidence.probes
    if not len(rows):
        return None
    ends = rows.sort_values("channels").groupby(["size", "images"])[column].agg(["first", "last"])
    gain = ends["last"] - ends["first"]
    scores = f"{ends['first'].mean():.3f} to {ends['last'].mean():.3f}"
    ups = f"up for {int((gain > 0).sum())} of {len(gain)} sizes and sets"
    return claim, f"{_measure(rows)} from fewest to most channels: {scores}; {ups}", bool((gain > 0).all())


def larger_maps_help_classifiers(evidence):
    rows = evidence.probes
    if not len(rows):
        return None
    scores = rows.groupby("size")["score"].mean()
    measured = ", ".join(f"{score:.3f} ({size}×{size})" for size, score in scores.items())
    claim = "Larger maps help them slightly"
    return claim, f"{_measure(rows)}: {measured}", bool(scores.is_monotonic_increasing)


def _measure(probes: pandas.DataFrame) -> str:
    """What the classifiers' scores are."""
    return probes["measure"].iloc[0]


def seen_and_unseen_classify_alike(evidence):
    if evidence.probes["images"].nunique() < 2:
        return None
    scores = evidence.probes.groupby("images")["score"].mean()
    measured = (
        f"{_measure(evidence.probes)} {scores['seen']:.3f} on images that the CAE was trained on, "
        f"{scores['unseen']:.3f} on others"
    )
    return "Seen and unseen images are classified alike", measured, abs(scores["seen"] - scores["unseen"]) < CLOSE


def same_size_resembles(evidence):
    pairs = _pairs(evidence)
    if pairs is None:
        return None
    same = pairs["size"] == pairs["other size"]
    inside, across = pairs[same]["mean"].mean(), pairs[~same]["mean"].mean()
    measured = f"SVCCA {inside:.3f} within a size, {across:.3f} between sizes"
    claim = "Codes of one size resemble each other more than codes of different sizes"
    return claim, measured, inside - across > CLOSE


def complete_codes_resemble_all(evidence):
    pairs = _pairs(evidence)
    if pairs is None:
        return None
    complete = set(evidence.runs[evidence.runs["compression"].between(0.999, 1.001)]["code"])
    one = pairs["first"].isin(complete) | pairs["second"].isin(complete)
    with_complete, others = pairs[one]["mean"].mean(), pairs[~one]["mean"].mean()
    measured = f"SVCCA {with_complete:.3f} where one of the two is complete, {others:.3f} elsewhere"
    return "Complete codes resemble all others", measured, with_complete - others > CLOSE


def channels_bring_codes_near_the_input(evidence):
    rows = _with_shapes(evidence, evidence.similarities[evidence.similarities["first"] == "input"])
    if rows is None:
        return None
    ends = rows.sort_values("channels").groupby(["size", "images"])["mean"].agg(["first", "last"])
    first, last = ends.mean()
    measured = f"SVCCA with the input, fewest to most channels: {first:.3f} to {last:.3f}"
    return "Similarity to the input rises with the channels", measured, bool((ends["last"] > ends["first"]).all())


def seen_and_unseen_compare_alike(evidence):
    pairs = _pairs(evidence)
    if pairs is None:
        return None
    means = pairs.groupby("images")["mean"].mean()
    measured = f"mean SVCCA {means['seen']:.3f} on seen images, {means['unseen']:.3f} on unseen ones"
    return "SVCCA is alike on seen and unseen images", measured, abs(means["seen"] - means["unseen"]) < CLOSE


def _pairs(evidence) -> pandas.DataFrame | None:
    """Pairs of two different codes, with their sizes."""
    rows = evidence.similarities
    if not len(rows):
        return None
    rows = rows[(rows["first"] != "input") & (rows["first"] != rows["second"])]
    pairs = _with_shapes(evidence, rows)
    other = evidence.runs.drop_duplicates("code").set_index("code")["size"]
    return None if pairs is None else pairs.assign(**{"other size": pairs["first"].map(other)})


def _with_shapes(evidence, rows: pandas.DataFrame) -> pandas.DataFrame | None:
    """Rows whose second side is a code, with its size and channels; None if there are none."""
    if not len(rows):
        return None
    codes = evidence.runs.drop_duplicates("code")[["code", "size", "channels"]]
    found = rows.merge(codes, left_on="second", right_on="code")
    return found if len(found) else None
