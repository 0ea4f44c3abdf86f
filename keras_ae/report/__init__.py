"""Parts of pages, tables and figures, made from saved results alone."""

from keras_ae._support.lazy import lazy_names

# Names that were here before the gallery and the comparison's report moved to other packages.
_ELSEWHERE = {"write_comparison": "keras_ae.comparison", "write_gallery": "keras_ae.studies"}
_WHERE: dict[str, str] = {
    "JudgedImages": "detector",
    "judge_images": "detector_judging",
    "write_detector_report": "detector",
}
# For other packages of this library only.
_SHARED = {
    "MarkdownPage": "pages",
    "as_svg": "figures",
    "check_report": "detector",
    "defect_panels": "detector_pictures",
    "defect_picture": "detector_pictures",
    "judged_images": "detector_judging",
    "markdown_page": "pages",
    "page": "pages",
    "resource": "pages",
    "save_figure": "results",
    "tidy": "figures",
    "with_scale": "detector_pictures",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, {**_ELSEWHERE, **_WHERE, **_SHARED})
