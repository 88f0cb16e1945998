"""The formulas of the pages, read from their LaTeX and held against worlds of numbers."""
