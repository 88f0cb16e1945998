"""The summary of a network: what each layer makes of an example, and what that takes."""

from dataclasses import dataclass

__all__ = ["LayerSummary", "Summary"]


@dataclass(frozen=True)
class LayerSummary:
    """One line of a summary.

    Attributes:
        layer: The layer in words.
        output_shape: The shape of one example after it.
        parameters: How many numbers it learns.
        multiply_adds: How many products of a weight and an activation one example costs on its way forward.
    """

    layer: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


@dataclass(frozen=True, repr=False)
class Summary:
    """The layers of a network one by one, with totals; prints as a table.

    Attributes:
        input_shape: The shape of one example before the first layer.
        layers: One line for each layer.
    """

    input_shape: tuple[int, ...]
    layers: tuple[LayerSummary, ...]

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """How many products of a weight and an activation one example costs on its way forward."""
        return sum(layer.multiply_adds for layer in self.layers)

    def __repr__(self) -> str:
        lines = [
            ("", "layer", "output shape", "parameters", "multiply-adds"),
            ("", "input", str(self.input_shape), "", ""),
            *(
                (str(number), line.layer, str(line.output_shape), f"{line.parameters:,}", f"{line.multiply_adds:,}")
                for number, line in enumerate(self.layers, 1)
            ),
            ("", "total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}"),
        ]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if heading in ("layer", "output shape") else cell.rjust(width)
                for cell, width, heading in zip(line, widths, lines[0], strict=True)
            ).rstrip()
            for line in lines
        )
