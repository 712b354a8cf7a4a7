"""views_pipeline: a test pipeline that returns several views of each image, for test-time augmentation."""


def views_pipeline(pipeline: list[dict], filename: str) -> list[dict]:
    """A test pipeline that returns three sizes of an image and their mirror images, the plain image first.

    Args:
        pipeline: A test pipeline.
        filename: Its config, for messages.

    Raises:
        ValueError: If it does not end in ResizeLongSide and PackHumanParseInputs.
    """
    kinds = [step['type'].rsplit('.', 1)[-1] for step in pipeline]
    if kinds[-2:] != ['ResizeLongSide', 'PackHumanParseInputs']:
        raise ValueError(
            f'Test-time augmentation needs a tta_pipeline in {filename}, or a test pipeline that ends in '
            f'ResizeLongSide and PackHumanParseInputs; its steps are {kinds}.'
        )
    *before, resize, pack = pipeline
    sizes = [dict(resize, long_side=round(scale * resize['long_side'])) for scale in (1.0, 0.75, 1.25)]
    flips = [dict(type='mmhparse.FlipImage', flip=flip) for flip in (False, True)]
    return [*before, dict(type='TestTimeAug', transforms=[sizes, flips, [pack]])]
