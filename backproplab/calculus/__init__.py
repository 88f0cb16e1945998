"""Slopes as numbers, and walking down them: what Part I computes with."""
