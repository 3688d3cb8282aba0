"""The one place that calls kreuzberg: no OCR, no cache on disk, no network, no clean-up of its own."""

from typing import Any


class NotReadable(Exception):
    """kreuzberg cannot read the document; the message is for telling cases apart, not for showing."""


def extract(data: bytes, media_type: str, *, output_format: str, pages: bool = False) -> Any:
    """kreuzberg's result for `data`. Raises NotReadable, and MemoryError where it says that memory ran out."""
    from kreuzberg import ExtractionConfig, KreuzbergError, PageConfig, PostProcessorConfig, extract_bytes_sync

    config = ExtractionConfig(
        use_cache=False,
        ocr=None,
        enable_quality_processing=False,
        postprocessor=PostProcessorConfig(enabled=False),
        pages=PageConfig(extract_pages=pages),
        output_format=output_format,
    )
    try:
        return extract_bytes_sync(data, media_type, config=config)
    except KreuzbergError as error:
        if "out of memory" in str(error).lower():
            raise MemoryError from None
        raise NotReadable(str(error)) from None
