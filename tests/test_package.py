"""The package as a whole: what importing it costs, and that its parts agree on what is public."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module, metadata
from importlib.resources import files
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import backproplab
from backproplab.book import rules

ROOT = Path(__file__).parent.parent
MODULES = sorted(backproplab._PUBLIC)


def test_importing_the_package_imports_nothing_heavy() -> None:
    """`import backproplab`, and even listing its names, loads neither NumPy nor any other library."""
    code = (
        "import sys; before = set(sys.modules); import backproplab; dir(backproplab); print(*set(sys.modules) - before)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    assert loaded - sys.stdlib_module_names == {"backproplab"}
    assert "backproplab.network" not in run.stdout


def test_all_but_the_figures_need_numpy_alone() -> None:
    """All public names together, apart from those that draw, load NumPy and the standard library only."""
    code = (
        "import sys; before = set(sys.modules); import backproplab; "
        "[getattr(backproplab, name) for module, names in backproplab._PUBLIC.items() if module != 'figures.plots' "
        "for name in names.split()]; print(*set(sys.modules) - before)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in run.stdout.split() if "cython" not in name}  # NumPy's own
    assert loaded - sys.stdlib_module_names == {"backproplab", "numpy"}


@pytest.mark.parametrize("module", MODULES)
def test_the_package_exports_what_its_modules_do(module: str) -> None:
    """The package's list of a module's names is the module's own, and each name is the same object in both."""
    source = import_module(f"backproplab.{module}")
    assert sorted(backproplab._PUBLIC[module].split()) == sorted(source.__all__)
    for name in source.__all__:
        assert getattr(backproplab, name) is getattr(source, name)


def test_no_public_module_is_left_out() -> None:
    """Every module with an `__all__` is in the package's list, apart from the site's own tools."""
    found = {module for module, path in rules.modules(ROOT).items() if "__all__ = [" in path.read_text("utf-8")}
    assert found == set(MODULES)


def test_names_are_unique_and_listed() -> None:
    """No name is exported by two modules, and `dir` shows every one."""
    assert len(backproplab.__all__) == len(set(backproplab.__all__))
    assert set(backproplab.__all__) <= set(dir(backproplab))
    assert dir(backproplab) == sorted(dir(backproplab))


def test_no_name_is_that_of_a_module() -> None:
    """Importing a module puts it into the package under its own name, where a function of that name would be lost."""
    assert not set(backproplab.__all__) & {path.stem for path in (ROOT / "backproplab").iterdir()}


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A name that is not there is refused as everywhere in Python."""
    with pytest.raises(AttributeError, match=r"^module 'backproplab' has no attribute 'nothing'$"):
        backproplab.nothing  # noqa: B018
    with pytest.raises(ImportError, match="nothing"):
        exec("from backproplab import nothing")


def test_the_package_is_typed() -> None:
    """The marker that tells type checkers to read the annotations is part of the package."""
    assert files("backproplab").joinpath("py.typed").is_file()


def test_the_wheel_takes_along_what_is_not_python() -> None:
    """Whoever installs the package has its data, and the scripts and styles that its HTML pages carry."""
    packed = {Path(file.path) for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    needed = {
        path for wing in ("data", "widgets") for path in (ROOT / "backproplab" / wing).iterdir() if path.is_file()
    }
    assert {".npz", ".gz", ".js", ".css"} <= {path.suffix for path in needed}
    assert needed <= packed


def test_the_version_is_the_same_everywhere() -> None:
    """An installed package reports the version that the package states."""
    try:
        installed = metadata.version("backproplab")
    except metadata.PackageNotFoundError:
        pytest.skip("backproplab is not installed: pip install --editable .")
    assert installed == backproplab.__version__
