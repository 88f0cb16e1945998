"""What the symbols of each family of formulas mean, with numbers: the page Notation, as programs that can be nudged."""
