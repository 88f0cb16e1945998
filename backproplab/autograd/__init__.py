"""Automatic differentiation: programs that keep a record of what they compute, and find its gradient by themselves."""

__all__ = ["Linear", "Tensor", "Value", "cross_entropy", "take_step"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import backproplab

    return getattr(backproplab, name)
