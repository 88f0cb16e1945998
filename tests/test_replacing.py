"""Writing files: what is there stays what it is, and what a killed process left is cleared away."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from backproplab import Dense, Network
from backproplab.storage import replacing

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes, links and modes are those of POSIX")


def write(path: Path, content: bytes = b"new") -> None:
    with replacing(path) as file:
        file.write(content)


def test_a_link_keeps_leading_to_its_file(tmp_path: Path) -> None:
    """The file that a link leads to is replaced, even one that is not there yet, and not the link."""
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to("target")
    for content in (b"first", b"second"):
        write(link, content)
        assert link.is_symlink()
        assert target.read_bytes() == content
    round_about = tmp_path / "round"
    round_about.symlink_to("round")
    with pytest.raises(OSError, match=r"^path: expected a file, got a link that leads back to itself, "):
        write(round_about)
    assert round_about.is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_a_file_keeps_its_mode(mode: int, tmp_path: Path) -> None:
    """What was private stays private."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_bytes() == b"new"


def test_what_is_no_regular_file_is_written_to(tmp_path: Path) -> None:
    """/dev/null stays a device, a pipe a pipe through which a network can be saved and read."""
    write(Path("/dev/null"))
    assert Path("/dev/null").is_char_device()
    pipe, copy, read = tmp_path / "pipe", tmp_path / "copy", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    network = Network([Dense.from_parameters([[1.5]], [0.5])])
    network.save(pipe)
    reader.join()
    assert pipe.is_fifo()
    copy.write_bytes(read[0])
    other = Network([Dense.from_parameters([[0.0]], [0.0])])
    other.load(copy)
    assert np.array_equal(other.parameters["W1"], [[1.5]])


def test_standard_output_that_is_a_file_is_added_to(tmp_path: Path) -> None:
    """/dev/stdout under `>>` keeps what the file held."""
    path = tmp_path / "log"
    path.write_bytes(b"old ")
    program = "from backproplab.storage import replacing\nwith replacing('/dev/stdout') as f: f.write(b'new')"
    with path.open("ab") as log:
        subprocess.run([sys.executable, "-c", program], stdout=log, check=True)
    assert path.read_bytes() == b"old new"


def test_parts_of_dead_processes_are_removed_and_those_of_others_stay(tmp_path: Path) -> None:
    """The process whose number is in the name is asked after; names of other files are left alone."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = tmp_path / f".file.{ended.pid}-0123abcd.part"
    alive = tmp_path / f".file.{os.getpid()}-0123abcd.part"
    other = tmp_path / f".other.{ended.pid}-0123abcd.part"
    for path in (dead, alive, other):
        path.write_bytes(b"")
    write(tmp_path / "file")
    assert {*tmp_path.iterdir()} == {alive, other, tmp_path / "file"}


def test_an_error_names_the_argument_and_what_the_reader_wrote(tmp_path: Path) -> None:
    """Not the file beside it, of which nobody has heard."""
    path = tmp_path / ("x" * 250)
    message = r"^--output: expected a file that can be written, got "
    with pytest.raises(OSError, match=message) as caught, replacing(path, "--output"):
        pass
    assert str(path) in str(caught.value)
    assert ".part" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match=r"^path: expected a file in an existing folder, got /nowhere/x$"):
        write(Path("/nowhere/x"))
