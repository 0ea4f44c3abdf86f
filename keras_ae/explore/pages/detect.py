"""Detect: a file dropped in, or the camera, and a detector's judgement of it."""

from dash import ClientsideFunction, Input, Output, State, ctx, dcc, html

from keras_ae.explore.judging import DetectorExploration, Judged
from keras_ae.explore.pages import parts
from keras_ae.explore.pages.reconstruct import about_chosen, upload
from keras_ae.report import defect_picture

title = "Detect"
EVERY = 400  # milliseconds between two frames of the camera, or longer if the last one takes longer
FRAME = "camera frame"


def shows(explored) -> bool:
    """Whether the model has this page."""
    return isinstance(explored, DetectorExploration)


def layout(explored: DetectorExploration, stored=None):
    """The page; it starts with the first image shown, if there is one."""
    return html.Div(
        [
            *parts.notes(explored),
            html.Div(
                [
                    upload("judged-file"),
                    *parts.or_number(explored, "judged-number"),
                    html.Button("Use the camera", id="camera-button", type="button"),
                ],
                className="fields",
            ),
            html.P("Images of any size: they are prepared as the training's images were.", className="note"),
            html.Video(id="camera", muted=True, hidden=True, width=320, **parts.labelled("camera")),
            dcc.Interval(id="camera-tick", interval=EVERY),
            dcc.Store(id="camera-frame"),
            html.Div(id="judged", **parts.LIVE),
        ]
    )


def register(app, explorations) -> None:
    """The page's callbacks."""
    app.clientside_callback(
        ClientsideFunction("camera", "toggle"),
        Output("camera-button", "children"),
        Input("camera-button", "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("camera", "frame"),
        Output("camera-frame", "data"),
        Input("camera-tick", "n_intervals"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("judged", "children"),
        Input("judged-file", "contents"),
        Input("judged-number", "value", allow_optional=True),
        Input("camera-frame", "data"),
        State("judged-file", "filename"),
        State("which", "data"),
        running=[(Output("camera-tick", "disabled"), True, False)],
    )
    def judge(contents, number, frame, filename, which):
        explored, by_number = explorations[which], ctx.triggered_id == "judged-number"
        if ctx.triggered_id == "camera-frame":
            contents, filename = frame, FRAME

        def result(image, name):
            return _result(explored, explored.judge(image), name)

        return about_chosen(result, explored, contents, filename, number, by_number)


def _result(explored: DetectorExploration, judged: Judged, name: str):
    anomaly = judged.score > explored.threshold
    limits = explored.limits or ((0.0, 1.0) if judged.heat is None else (judged.heat.min(), judged.heat.max()))
    contour = explored.detector.card.pixel_threshold
    picture = defect_picture(judged.image, judged.heat, limits, contour)
    shown = "the image" if judged.heat is None else "the image, its map, and what lies above the pixel threshold"
    return [
        html.P(
            f"{'An anomaly' if anomaly else 'Normal'}: {name}",
            className="verdict alarm" if anomaly else "verdict",
            role="status",
        ),
        html.Meter(
            min="0",
            max="1",
            value=f"{judged.normalized:.4f}",
            className="alarm" if anomaly else "",
            **parts.labelled("normalised score"),
        )
        if judged.normalized is not None
        else None,
        html.P(_in_words(explored, judged)),
        html.Img(src=parts.data_uri(picture), alt=f"{shown}: {name}", className="defect"),
        _scale(limits, contour) if judged.heat is not None else None,
    ]


def _in_words(explored: DetectorExploration, judged: Judged) -> str:
    rate = explored.detector.card.false_positive_rate
    text = f"Score ({explored.score_name}): {judged.score:.5g}; the threshold is {explored.threshold:.5g}, "
    text += f"set for {100 * rate:.3g} % false alarms."
    if judged.p_value is not None:
        text += f" Of normal images {judged.p_value:.1%} score as high or higher (p)"
        text += f"; normalised, where 0.5 is the threshold: {judged.normalized:.2f}."
    return text


def _scale(limits: tuple[float, float], contour: float | None):
    text = f"Map: black is {limits[0]:.4g}, light {limits[1]:.4g} or more"
    return html.P(text + ("." if contour is None else f"; the contour is at {contour:.4g}."), className="note")
