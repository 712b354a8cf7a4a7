"""The page of ``mmhparse app`` in Gradio: its parts, and what happens when they are used."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mmhparse.apis import BUNDLED_MODELS, HumanParsingInferencer
from mmhparse.utils import UsageError

from .parsed_photo import (
    LAYERS,
    PART_COLUMNS,
    PEOPLE_COLUMNS,
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


def build_page(model: str, device: str | None, most_pixels: int) -> Any:
    """The page, gradio's Blocks; what a visitor uploads is kept in the state of the visitor's session alone.

    Args:
        model: Name of the bundled model that is chosen at first.
        device: Where to compute; the GPU if there is one if None.
        most_pixels: Larger photos are refused.

    Raises:
        ModuleNotFoundError: If gradio is not installed.
    """
    import gradio as gr  # pyright: ignore[reportMissingImports] - an extra

    @cache
    def inferencer(name: str) -> HumanParsingInferencer:
        return HumanParsingInferencer(name, device=device, show_progress=False)

    inferencer(model)  # its errors come before anybody visits the page, and the first visitor does not wait for it

    def parse(path: str | None, name: str, layers: list) -> tuple[Any, ...]:
        """A new photo or model: the photo of this session, and all that is shown of it."""
        if path is None:
            return None, None, 'Upload a photo.', [], [], gr.DownloadButton(value=None, interactive=False)
        try:
            photo = parse_photo(inferencer(name), path, most_pixels)
        except UsageError as error:
            raise gr.Error(str(error)) from error
        people, parts = people_rows(photo), part_rows(photo)
        found = f'{len(people)} people found. Click on the picture to see what lies there.'
        archive = gr.DownloadButton(value=_archive(photo), interactive=True)
        return photo, draw_layers(photo, layers), found, people, parts, archive

    def redraw(photo: ParsedPhoto | None, layers: list) -> np.ndarray | None:
        """The picture with other layers; the photo is not parsed again."""
        return None if photo is None else draw_layers(photo, layers)

    def describe(photo: ParsedPhoto | None, event: gr.SelectData) -> str:
        """What lies where the visitor clicked."""
        return 'Upload a photo.' if photo is None else describe_pixel(photo, *map(int, event.index))

    with gr.Blocks(title='mmhparse', analytics_enabled=False, delete_cache=(600, _KEPT_SECONDS)) as page:
        photo = gr.State(None, time_to_live=_KEPT_SECONDS)
        gr.Markdown('# Human parsing\nWhich pixel is which part, and of which person. Photos stay on this machine.')
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                upload = gr.Image(label='Photo', type='filepath', sources=['upload', 'webcam', 'clipboard'])
                name = gr.Dropdown(list(BUNDLED_MODELS), value=model, label='Model', interactive=True)
                layers = gr.CheckboxGroup(list(LAYERS), value=['parts', 'outlines', 'skeletons'], label='Layers')
            with gr.Column(scale=2, min_width=320):
                picture = gr.Image(label='What was found', interactive=False, format='png')
                text = gr.Textbox('Upload a photo.', label='Result', interactive=False)
                archive = gr.DownloadButton('Download maps, picture and JSON', interactive=False)
        people = gr.Dataframe(headers=list(PEOPLE_COLUMNS), label='People', interactive=False)
        parts = gr.Dataframe(headers=list(PART_COLUMNS), label='Parts', interactive=False)
        shown = [photo, picture, text, people, parts, archive]
        # one photo at a time: the network uses all cores
        for change in (upload.change, name.change):
            change(parse, [upload, name, layers], shown, concurrency_limit=1, concurrency_id='parse')
        layers.change(redraw, [photo, layers], picture)
        picture.select(describe, photo, text)
    return page


def _archive(photo: ParsedPhoto) -> str:
    """A zip file in a folder of its own, of a random name."""
    path = Path(tempfile.mkdtemp(prefix='mmhparse-')) / f'{photo.item.name}.zip'
    path.write_bytes(zip_of(photo))
    return str(path)
