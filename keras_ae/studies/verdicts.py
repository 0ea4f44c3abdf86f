"""A study's table of claims as its page shows it: first the tested claims, then the untested ones, and why."""

import pandas

from keras_ae.studies.claims import NOT_TESTED

TO_TEST = "; to test: "
RUN = r"`keras-ae study run \w+ (--preset [\w-]+)`"  # a study's own page needs only the preset


def pages(found: pandas.DataFrame, prefix: str = "", name: str = "claims") -> dict[str, pandas.DataFrame]:
    """The whole table of claims under its name, and "verdicts" and "not_tested", the two parts of a page.

    Args:
        found: A table from `keras_ae.studies.claims.table`.
        prefix: Prefix of the files' names; if given, only the whole table is made, as a page does not show it.
        name: Name of the whole table.

    Returns:
        "verdicts": a row for each claim that is tested, with the difference that decides and its 95 % interval;
        "not_tested": a row for each other claim, with the reason and what would test it. A claim
        stands in one of the two. Bounds are without their reasons, which the whole table has.
    """
    if prefix or found.empty:
        return {name: found}
    tested = found["verdict"] != NOT_TESTED
    bounds = found["bound"].str.partition(":")[0]
    verdicts = found[["claim", "source", "verdict", "measured", "difference", "95 % interval", "seeds"]]
    verdicts = verdicts.assign(**{"holds if": bounds})
    if "preset" in found:
        verdicts = verdicts.assign(preset=found["preset"])
    reasons = found["remark"].str.partition(TO_TEST)
    presets = reasons[2].str.replace(RUN, r"`\1`", regex=True)
    lacking = found[["claim", "source", "verdict"]].assign(why=reasons[0], **{"to test": presets})
    return {name: found, "verdicts": _or_none(verdicts[tested]), "not_tested": _or_none(lacking[~tested])}


def _or_none(rows: pandas.DataFrame) -> pandas.DataFrame:
    """The rows, or a table that says there are none: a page would otherwise keep those of an earlier report."""
    return pandas.DataFrame({"claim": ["none"]}) if rows.empty else rows
