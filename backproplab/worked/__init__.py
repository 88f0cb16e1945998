"""One step of gradient descent written out, in symbols and numbers, for the terminal, a page or a notebook."""
