"""The page of ``mmhparse app`` in Gradio: its parts, and what happens when they are used."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mmhparse.apis import BUNDLED_MODELS, HumanParsingInferencer
from mmhparse.utils import UsageError

from .parsed_photo import (
    GROUNDS,
    LAYERS,
    PART_COLUMNS,
    PEOPLE_COLUMNS,
    Ground,
    ParsedPhoto,
    describe_pixel,
    draw_layers,
    parse_photo,
    part_rows,
    people_rows,
    zip_of,
)

_KEPT_SECONDS = 3600
"""How long uploads, results and a visitor's photo stay after their last use."""

_STYLE = 'footer a, footer button, .or { color: var(--body-text-color) !important }'
"""Gradio's own grey of these is too pale to read."""


@dataclass(frozen=True, eq=False)
class Visit:
    """What a visitor's session holds.

    Attributes:
        photo: The photo of the visitor.
        folder: Holds the archive; it is deleted with the visit, when another photo takes its place or the session ends.
            Gradio keeps a copy for as long as it keeps uploads.
    """

    photo: ParsedPhoto
    folder: TemporaryDirectory

    @classmethod
    def of(cls, photo: ParsedPhoto) -> 'Visit':
        """A visit with its archive."""
        visit = cls(photo, TemporaryDirectory(prefix='mmhparse-'))
        Path(visit.archive).write_bytes(zip_of(photo))
        return visit

    @property
    def archive(self) -> str:
        """Path of the archive."""
        return os.path.join(self.folder.name, f'{self.photo.item.name}.zip')


def build_page(model: str, device: str | None, most_pixels: int) -> Any:
    """The page, gradio's Blocks; what a visitor uploads is kept in the state of the visitor's session alone.

    Args:
        model: Name of the bundled model that is chosen at first.
        device: Where to compute; the GPU if there is one if None.
        most_pixels: Larger photos are refused.

    Raises:
        ModuleNotFoundError: If gradio is not installed.
    """
    # gradio would keep a history of what was parsed in the browser, where whoever uses it next sees it
    os.environ['GRADIO_RUN_HISTORY'] = 'False'
    import gradio as gr  # pyright: ignore[reportMissingImports] - an extra

    @cache
    def inferencer(name: str) -> HumanParsingInferencer:
        infer = HumanParsingInferencer(name, device=device, show_progress=False)
        infer.model.keep_fields = True
        return infer

    inferencer(model)  # its errors come before anybody visits the page, and the first visitor does not wait for it

    def table(rows: list) -> Any:
        """A table with these rows; an empty one is hidden, as the keyboard could not scroll it."""
        return gr.Dataframe(value=rows, visible=bool(rows))

    def parse(path: str | None, name: str, layers: list, ground: Ground) -> tuple[Any, ...]:
        """A new photo or model: the visit, and all that is shown of it."""
        if path is None:
            hidden = gr.Image(value=None, visible=False)
            archive = gr.DownloadButton(value=None, interactive=False)
            return None, hidden, 'Upload a photo.', table([]), table([]), archive
        try:
            photo = parse_photo(inferencer(name), path, most_pixels)
            drawn = draw_layers(photo, layers, ground)
        except UsageError as error:
            raise gr.Error(str(error)) from error
        visit = Visit.of(photo)
        people, parts = people_rows(photo), part_rows(photo)
        count = f'{len(people)} {"person" if len(people) == 1 else "people"}'
        found = f'{count} found. Click on the picture to see what lies there.'
        archive = gr.DownloadButton(value=visit.archive, interactive=True)
        return visit, gr.Image(value=drawn, visible=True), found, table(people), table(parts), archive

    def redraw(visit: Visit | None, layers: list, ground: Ground) -> np.ndarray | None:
        """The picture with other layers or another ground; the photo is not parsed again."""
        try:
            return None if visit is None else draw_layers(visit.photo, layers, ground)
        except UsageError as error:
            raise gr.Error(str(error)) from error

    def describe(visit: Visit | None, event: gr.SelectData) -> str:
        """What lies where the visitor clicked."""
        return 'Upload a photo.' if visit is None else describe_pixel(visit.photo, *map(int, event.index))

    with gr.Blocks(title='mmhparse', analytics_enabled=False, delete_cache=(600, _KEPT_SECONDS)) as page:
        buttons = ['download', 'fullscreen']  # none that shares the picture with others
        visit = gr.State(None, time_to_live=_KEPT_SECONDS)
        gr.Markdown('# Human parsing\nWhich pixel is which part, and of which person. Photos stay on this machine.')
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                upload = gr.Image(
                    label='Photo',
                    type='filepath',
                    sources=['upload', 'webcam', 'clipboard'],
                    buttons=buttons,
                    alt_text='The photo as it was uploaded',
                )
                name = gr.Dropdown(list(BUNDLED_MODELS), value=model, label='Model', interactive=True)
                layers = gr.CheckboxGroup(list(LAYERS), value=['parts', 'outlines', 'skeletons'], label='Layers')
                ground = gr.Radio(list(GROUNDS), value='photo', label='Drawn over')
            with gr.Column(scale=2, min_width=320):
                picture = gr.Image(
                    label='What was found',
                    interactive=False,
                    format='png',
                    buttons=buttons,
                    visible=False,  # an empty one has a label that screen readers do not read
                    alt_text='What was found, drawn over the photo',
                )
                text = gr.Textbox('Upload a photo.', label='Result', interactive=False, lines=2)
                archive = gr.DownloadButton('Download maps, picture and JSON', interactive=False)
        people = gr.Dataframe(headers=list(PEOPLE_COLUMNS), label='People', interactive=False, visible=False)
        parts = gr.Dataframe(headers=list(PART_COLUMNS), label='Parts', interactive=False, visible=False)
        shown = [visit, picture, text, people, parts, archive]
        # one photo at a time: the network uses all cores
        for change in (upload.change, name.change):
            change(parse, [upload, name, layers, ground], shown, concurrency_limit=1, concurrency_id='parse')
        gr.on([layers.change, ground.change], redraw, [visit, layers, ground], picture)
        picture.select(describe, visit, text)
    return page


def serve_page(page: Any, **options: Any) -> None:
    """Serves what :func:`build_page` returned.

    Args:
        page: The page.
        **options: Of gradio's ``launch``.
    """
    page.queue(max_size=20).launch(css=_STYLE, show_error=True, **options)
