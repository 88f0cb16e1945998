"""From a photograph of a digit to what a network reads: read, even out the light, find the digit, scale and centre it."""
