"""What options that are shares, likenesses and cosines may be. Each raises ValueError with the option's name."""


def from_to(least: float, most: float, **options: float) -> None:
    """Each must be from `least` to `most`."""
    for name, value in options.items():
        if not least <= value <= most:
            raise ValueError(f"{name} must be from {least} to {most}")


def above_zero(**options: float) -> None:
    """Each must be above 0 and at most 1."""
    for name, value in options.items():
        if not 0 < value <= 1:
            raise ValueError(f"{name} must be above 0 and at most 1")
