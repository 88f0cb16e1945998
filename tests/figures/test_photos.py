"""Pictures side by side: what is drawn is the picture itself, as large as its frame allows."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image

from backproplab import photo_grid


def test_pictures_are_drawn_as_they_are() -> None:
    """Each picture comes back from the SVG pixel by pixel, keeps its proportions, and has its title below."""
    grey, colour = np.array([[0.0, 1.0, 0.5]]), np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    drawn = photo_grid([grey, colour], ["grey", "colour"], columns=1)
    root = ET.fromstring(drawn)
    images = [element for element in root.iter() if element.tag.endswith("image")]
    files = [b64decode(found) for found in re.findall(r"base64,([^\"]+)", drawn)]
    for file, expected in zip(files, (np.array([[0, 255, 128]]), colour), strict=True):
        with Image.open(io.BytesIO(file)) as image:
            np.testing.assert_array_equal(np.asarray(image), expected)
    ratios = [float(image.attrib["width"]) / float(image.attrib["height"]) for image in images]
    np.testing.assert_allclose(ratios, [3, 2], rtol=1e-4)
    assert [element.text for element in root.iter() if element.tag.endswith("text")] == ["grey", "colour"]


def test_a_large_picture_weighs_little() -> None:
    """A photograph of a million pixels is shrunk by means before it is put into a page."""
    picture = np.zeros((1000, 1000, 3), np.uint8)
    picture[:, 500:] = 255
    (found,) = re.findall(r"base64,([^\"]+)", photo_grid([picture], ["half"]))
    with Image.open(io.BytesIO(b64decode(found))) as image:
        assert image.size == (160, 160)
        assert np.asarray(image).mean() == 127.5
