"""A page of claims: each claim stands either among the verdicts or among those that are not tested."""

from keras_ae.studies.claims import Bound, Claim, Evidence, Gate, table
from keras_ae.studies.verdicts import pages

BOUND = Bound("any difference counts", low=0)


def test_a_claim_stands_among_the_verdicts_or_with_reason_and_command_among_the_rest():
    evidence = Evidence("1 against 0", {"": [0.9, 1.0, 1.1]}, BOUND)
    short = Gate(False, "trained too shortly; and on other images", "keras-ae study run s --preset long")
    found = pages(table([Claim("larger", "Fig. 1", Gate(), evidence), Claim("faster", "Fig. 2", short, evidence)]))
    assert list(found["claims"]["claim"]) == ["larger", "faster"]
    (verdict,) = found["verdicts"].to_dict("records")
    assert (verdict["claim"], verdict["verdict"], verdict["holds if"]) == ("larger", "yes", "> 0")
    assert verdict["95 % interval"] == "+0.752 to +1.25"
    (lacking,) = found["not_tested"].to_dict("records")
    assert lacking == {
        "claim": "faster",
        "source": "Fig. 2",
        "verdict": "not tested",
        "why": "trained too shortly; and on other images",
        "to test": "`--preset long`",
    }


def test_a_part_without_claims_says_so_and_takes_the_place_of_an_earlier_one():
    found = pages(table([Claim("slower", "Fig. 3", Gate(False, "one seed"))]))
    assert found["verdicts"].to_dict("list") == {"claim": ["none"]}
    assert found["not_tested"]["to test"].tolist() == [""]


def test_tables_that_no_page_shows_have_no_parts():
    claims = table([Claim("slower", "Fig. 3", Gate(False, "one seed"))])
    assert list(pages(claims, "quick_")) == ["claims"]
    assert list(pages(claims.iloc[:0], name="own_claims")) == ["own_claims"]
