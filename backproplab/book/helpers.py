"""What a shown test calls can be read beside it: the functions, fixtures and constants of the tests' own modules.

A Python-Markdown extension: under a line `::: tests.test_equations.test_output_error_by_index` it adds, folded, the source
of everything in `tests` that the test leans on, each once on a page; where it stands further up, a link.
"""

from __future__ import annotations

import ast
import re
import symtable
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from markdown import Extension
from markdown.preprocessors import Preprocessor

from backproplab.book.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from markdown import Markdown

SHOWN_TEST = re.compile(r"(?P<indent> *)::: *(?P<module>tests[\w.]*)\.(?P<name>\w+) *")


class Helper(NamedTuple):
    """Something that a module of the tests defines."""

    module: str
    name: str

    @property
    def anchor(self) -> str:
        """Where a page shows it."""
        return f"{self.module}.{self.name}"


class Module:
    """A module of the tests, read and not imported."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    @cached_property
    def definitions(self) -> dict[str, ast.stmt]:
        """The statement that gives each name its meaning; of imports, those from other modules of the tests."""
        found: dict[str, ast.stmt] = {}
        for statement in ast.parse(self.text).body:
            match statement:
                case ast.FunctionDef() | ast.ClassDef():
                    found[statement.name] = statement
                case ast.Assign(targets=targets):
                    names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
                    found |= dict.fromkeys(names, statement)
                case ast.AnnAssign(target=ast.Name(id=name)):
                    found[name] = statement
                case ast.ImportFrom(module=str(origin), names=names) if origin.startswith("tests."):
                    found |= {alias.asname or alias.name: statement for alias in names}
        return found

    def source(self, name: str) -> str:
        """The lines of a definition, decorators included."""
        statement = self.definitions[name]
        decorators = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
        return "\n".join(self.text.splitlines()[first - 1 : statement.end_lineno])

    def calls(self, name: str) -> list[Helper]:
        """What a definition leans on by itself, in the order of the file."""
        definition = self.definitions[name]
        wanted = needed(self.source(name)) - {name}
        if isinstance(definition, ast.FunctionDef):
            wanted |= {argument.arg for argument in definition.args.args if self._is_fixture(argument.arg)}
        return [self._resolved(other) for other in self.definitions if other in wanted]

    def _is_fixture(self, name: str) -> bool:
        decorators = getattr(self.definitions.get(name), "decorator_list", [])
        return any("fixture" in ast.unparse(decorator) for decorator in decorators)

    def _resolved(self, name: str) -> Helper:
        statement = self.definitions[name]
        if isinstance(statement, ast.ImportFrom):
            original = next(alias.name for alias in statement.names if name in (alias.asname, alias.name))
            return Helper(str(statement.module), original)
        return Helper(self.name, name)


@cache
def needed(program: str) -> frozenset[str]:
    """Names that a program does not define itself, or uses where it defines them."""
    return frozenset(_globals(symtable.symtable(program, "tests", "exec")))


def _globals(table: symtable.SymbolTable) -> set[str]:
    """Names that a program takes from around it, in its functions too."""
    top = table.get_type() == "module"
    names = {
        symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced() and (top or symbol.is_global())
    }
    return names.union(*map(_globals, table.get_children()))


_parsed = lru_cache(Module)


def read(name: str, root: Path = ROOT) -> Module:
    """Read a module as it is now."""
    return _parsed(name, root.joinpath(*name.split(".")).with_suffix(".py").read_text("utf-8"))


def helpers(module: str, test: str, root: Path = ROOT) -> list[Helper]:
    """List what a test leans on, directly first, then what that leans on in turn."""
    found = [Helper(module, test)]
    for helper in found:
        found += [called for called in read(helper.module, root).calls(helper.name) if called not in found]
    return found[1:]


class _Helpers(Preprocessor):
    """Write the helpers under the tests before anything reads the page."""

    def run(self, lines: list[str]) -> list[str]:
        """Add to each shown test what it leans on."""
        written: list[str] = []
        shown: set[Helper] = set()
        for line in lines:
            written.append(line)
            if found := SHOWN_TEST.fullmatch(line):
                direct = read(found["module"]).calls(found["name"])
                new = [helper for helper in helpers(found["module"], found["name"]) if helper not in shown]
                above = [helper for helper in direct if helper in shown]
                shown.update(new)
                written += [f"{found['indent']}{text}".rstrip() for text in ["", *_beneath(new, above), ""]]
        return written


def _beneath(new: list[Helper], above: list[Helper]) -> list[str]:
    lines = []
    if new:
        names = ", ".join(f"`{helper.name}`" for helper in new)
        anchors = "".join(f'<span id="{helper.anchor}"></span>' for helper in new)
        sources = dict.fromkeys(read(helper.module).source(helper.name) for helper in new)
        program = [anchors, "", "```python", *"\n\n".join(sources).split("\n"), "```"]
        lines += [f'??? mkdocstrings-source "Used here: {names}"', "", *(f"    {line}" for line in program), ""]
    if above:
        links = ", ".join(f'<a href="#{helper.anchor}"><code>{helper.name}</code></a>' for helper in above)
        lines.append(f"Used here and shown above: {links}.")
    return lines


class HelpersExtension(Extension):
    """Know the lines that show a test."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Stand before everything that reads Markdown."""
        md.preprocessors.register(_Helpers(md), "helpers", 80)


def makeExtension(**options: object) -> HelpersExtension:  # noqa: N802
    """Make the extension, as Python-Markdown asks for it."""
    return HelpersExtension(**options)
