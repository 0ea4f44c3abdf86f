"""The gallery: every link leads somewhere, verdicts are counted, and what is not there is left out."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from keras_ae._support.errors import InputError
from keras_ae.report.pages import markdown_page
from keras_ae.studies import write_gallery
from keras_ae.studies.claims import VERDICTS, tally

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
VOID = {"meta", "link", "img", "br", "hr"}
STUDY = """
from keras_ae.studies import DataConfig, ModelConfig, RunConfig, Study, StudyRun, TrainingConfig
MODEL = ModelConfig("fully_connected", "4", "dense")
RUN = RunConfig(DataConfig("digits"), MODEL, TrainingConfig(10, 1, 32, 1e-3))
STUDY = Study("small", "a small study", {"quick": lambda: [StudyRun("a", {}, RUN), StudyRun("b", {}, RUN)]})
"""
FIGURES = """
def report(results):
    (results / "made.md").write_text("made")
    return [results / "made.md"]
"""
README = """# A small study

What is <b>small</b>, and [another](../other/README.md)?

## Claims & more

<!-- claims.md -->

| claim | measured | verdict |
|---|---|---|
| larger is better | 1.5 | yes |
| so is smaller | −3 % | no |
| and neither | 1e-3 (a), 2 (b) | yes |
| nobody knows | 2 | undecided |
| nor asked | | not tested |

<!-- end -->

![A figure](results/figure.png) ![Another](results/missing.png) [elsewhere](../../docs/page.md)
"""


class Page(HTMLParser):
    """What a page leads to, its ids and cells, and whether its elements are closed in order."""

    def __init__(self, path: Path):
        super().__init__()
        self.path, self.open, self.targets, self.ids, self.cells = path, [], [], set(), []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.targets += [attributes[name] for name in ("href", "src") if name in attributes]
        self.ids.add(attributes.get("id"))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "td":
            self.cells.append([attributes.get("class"), ""])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.path

    def handle_data(self, data):
        if self.open and "td" in self.open:
            self.cells[-1][1] += data


@pytest.fixture
def experiments(tmp_path):
    """A directory with one study that has results and one that has none; a name of its own in each test."""
    root = tmp_path / f"experiments_{tmp_path.name}"
    for name in ("small", "other"):
        (root / name).mkdir(parents=True)
        (root / name / "study.py").write_text(STUDY.replace('"small"', f'"{name}"'))
        (root / name / "figures.py").write_text(FIGURES)
    results = root / "small" / "results"
    results.mkdir()
    (root / "small" / "README.md").write_text(README)
    Image.new("L", (4, 4)).save(results / "figure.png")
    (results / "quick.csv").write_text("run,status,training_seconds\na,finished,5400\nb,failed,\n")
    return root


def pages(site: Path) -> list[Page]:
    return [Page(path) for path in sorted(site.rglob("*.html"))]


def assert_closed(site: Path):
    """Everything that the site needs lies in it."""
    for page in pages(site):
        assert page.open in ([], ["html"])
        for target in page.targets:
            file, _, anchor = target.partition("#")
            assert not file or (page.path.parent / file).is_file(), (page.path, target)
            assert not anchor or anchor in page.ids, (page.path, target)


def test_a_study_page_shows_its_claims_its_figures_and_how_to_repeat_them(experiments, tmp_path):
    first = write_gallery(experiments, tmp_path / "site")
    assert_closed(first.parent)
    page = Page(first.parent / "small" / "index.html")
    text = page.path.read_text(encoding="utf-8")
    cells = {content: name for name, content in page.cells}
    assert cells == cells | {"yes": "yes", "no": "no", "1.5": "number", "−3 %": "number", "1e-3 (a), 2 (b)": None}
    assert (cells["undecided"], cells["not tested"]) == ("undecided", "not-tested")
    assert "5 claims: 2 yes, 1 no, 1 undecided, 1 not tested" in text
    assert "5 claims: 2 yes, 1 no, 1 undecided, 1 not tested" in first.read_text(encoding="utf-8")
    assert text.count("<img") == 1  # not the missing one
    assert "elsewhere" in text
    assert "page.md" not in text
    assert "&lt;b&gt;small" in text
    assert "claims.md" not in text  # a comment
    assert [content for _, content in page.cells][-5:-1] == ["quick", "2", "1", "1.5 h"]
    assert "Not run yet" not in text


def test_a_study_without_results_says_so_and_comes_last(experiments, tmp_path):
    first = write_gallery(experiments, tmp_path / "site")
    assert "Not run yet" in (first.parent / "other" / "index.html").read_text(encoding="utf-8")
    cards = [target for target in Page(first).targets if target.count("/") == 1 and target.endswith("html")]
    assert cards[-2:] == ["small/index.html", "other/index.html"]


def test_the_gallery_of_the_experiments_leads_nowhere_outside_itself(tmp_path):
    first = write_gallery(EXPERIMENTS, tmp_path / "site")
    assert_closed(tmp_path / "site")
    assert len(pages(tmp_path / "site")) == 1 + len(list(EXPERIMENTS.glob("*/study.py")))
    assert "claims: " in first.read_text(encoding="utf-8")


def test_the_readme_counts_the_verdicts_of_each_study():
    """The table of docs/studies.md says what each study's table of claims comes to, the README the sum."""
    readme = (EXPERIMENTS.parent / "README.md").read_text(encoding="utf-8")
    studies = (EXPERIMENTS.parent / "docs" / "studies.md").read_text(encoding="utf-8")
    verdicts = []
    for folder in sorted(path.parent for path in EXPERIMENTS.glob("*/study.py")):
        page = markdown_page((folder / "README.md").read_text(encoding="utf-8"))
        (row,) = [line for line in studies.splitlines() if line.startswith(f"| [`{folder.name}`](../exp")]
        if not page.verdicts:
            assert "not run yet" in row, folder.name
            continue
        assert tally(page.verdicts).partition(": ")[2] in row, folder.name
        assert re.search(rf"\b{len(page.verdicts)} claims", row), folder.name
        verdicts += page.verdicts
    yes, no, undecided, untested = (verdicts.count(verdict) for verdict in VERDICTS)
    counts = f"{yes} hold, {no} do not, {undecided} are undecided, and {untested} are not tested"
    assert f"Of {len(verdicts)} claims so far {counts}" in " ".join(readme.split())


def test_no_claim_is_decided_by_one_seed_and_what_is_not_tested_has_a_reason():
    for path in EXPERIMENTS.glob("*/results/*claims.md"):
        lines = path.read_text(encoding="utf-8").splitlines()
        names, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        for cells in rows:
            row = dict(zip(names, cells, strict=True))
            assert row["verdict"] in VERDICTS
            if row["verdict"] == "not tested":
                assert row["remark"], row
            else:
                assert int(row["seeds"]) >= 2, row
                assert row["95 % interval"], row
                assert row["bound"], row


def test_a_directory_without_studies_is_refused(tmp_path):
    with pytest.raises(InputError, match="without studies"):
        write_gallery(tmp_path, tmp_path / "site")


def test_a_column_of_texts_with_empty_cells_is_none_of_numbers():
    page = markdown_page("| remark | value |\n|---|---|\n| | 1.5 |\n| too short | 2 |\n")
    assert page.body.count('class="number"') == 3  # the two numbers and their heading
    assert "<th>remark</th>" in page.body


def test_markdown_keeps_what_a_page_needs_apart():
    page = markdown_page("# A *title*\n\nFirst `code`.\n\n## One, two\n\ntext\n\n```\nx < 1\n```\n")
    assert page.title == "A *title*"
    assert page.summary == "First <code>code</code>."
    assert page.headings == [("one-two", "One, two")]
    assert '<h2 id="one-two">' in page.body
    assert "x &lt; 1" in page.body
    assert "title" not in page.body


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no study"),
        (["small", "--all"], "small and --all"),
        (["--all", "--out", "runs"], "--out and --all"),
    ],
)
def test_unclear_requests_get_one_line(arguments, message, experiments):
    done = report(experiments, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_all_studies_are_reported_and_shown(experiments, tmp_path):
    done = report(experiments, "--all", "--site", str(tmp_path / "site"))
    assert done.returncode == 0, done.stderr
    assert (experiments / "small" / "results" / "made.md").exists()
    assert not (experiments / "other" / "results").exists()
    assert done.stdout.split()[-1] == str(tmp_path / "site" / "index.html")
    assert_closed(tmp_path / "site")


def report(experiments: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "keras_ae", "study", "report", *arguments, "--experiments", str(experiments)]
    return subprocess.run(command, cwd=experiments.parent, capture_output=True, text=True, check=False)


def test_a_gallery_replaces_an_earlier_one_and_nothing_else(experiments, tmp_path):
    site = tmp_path / "site"
    write_gallery(experiments, site)
    write_gallery(experiments, site)
    (site / "small" / "figure.png").write_text("mine")
    with pytest.raises(InputError, match=r"figure\.png, changed since it was written"):
        write_gallery(experiments, site)
    assert (site / "small" / "figure.png").read_text() == "mine"
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(InputError, match=r"which keras-ae did not write"):
        write_gallery(experiments, tmp_path)
    assert (tmp_path / "index.html").read_text() == "mine"
