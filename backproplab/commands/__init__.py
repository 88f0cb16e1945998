"""The commands of `python -m backproplab`, a module for each."""
