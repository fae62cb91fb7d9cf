"""Notebooks by papermill: parameters checked first, the result whole or not there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rushlab.model.errors import ResultError, UsageError
from rushlab.model.variant import unknown
from rushlab.world.files import check_writable, printable, read_json, storage, write_atomic

if TYPE_CHECKING:
    from rushlab.show.html import Head

KERNEL = "python3"
#: The kernel's own warnings (loopback sockets are not encrypted) are of no use to the reader of a report.
QUIET_KERNEL = ["--IPKernelApp.log_level=ERROR"]


#: jsonschema, which papermill imports, compiles its grammar of IRIs in Python when it finds this (a second of CPU).
#: It is optional, and no notebook's schema asks for IRIs.
_GRAMMAR = "rfc3987_syntax"


def _papermill() -> ModuleType:
    """papermill, which is slow to import: only who executes a notebook does so."""
    known = _GRAMMAR in sys.modules
    if not known:
        sys.modules[_GRAMMAR] = None  # type: ignore[assignment]  # that is how Python marks what is not to be found
    try:
        import papermill
    finally:
        if not known:
            del sys.modules[_GRAMMAR]
    found: ModuleType = papermill
    return found


def parameters_of(notebook: Path) -> list[str]:
    """Names in the notebook's `parameters` cell (UsageError when it is no notebook)."""
    papermill = _papermill()
    try:
        return list(papermill.inspect_notebook(str(notebook)))
    except (OSError, ValueError) as error:
        raise UsageError(f"{notebook} is not a notebook", str(error)) from error


def execute(notebook: Path, output: Path, parameters: Mapping[str, Any], *, root: Path) -> None:
    """Run `notebook` with `parameters` and write it, with its outputs, to `output`.

    Raises
    ------
    UsageError
        A parameter is not in the notebook's `parameters` cell (papermill itself would only warn).
    ResultError
        A cell failed; the sentence has the error, the partial notebook stays beside `output`.
    """
    papermill = _papermill()
    known = parameters_of(notebook)
    for name in parameters:
        if name not in known:
            raise unknown("Parameter", name, known)
    partial = output.with_suffix(".partial.ipynb")
    try:
        papermill.execute_notebook(
            str(notebook),
            str(partial),
            dict(parameters),
            kernel_name=KERNEL,
            cwd=str(root),
            progress_bar=False,
            request_save_on_cell_execute=False,  # else the whole notebook is written twice for every cell
            extra_arguments=QUIET_KERNEL,
        )
    except papermill.PapermillExecutionError as error:
        raise ResultError(
            f"Notebook {notebook.name} failed in cell {error.exec_count}",
            f"{error.ename}: {error.evalue}",
            f"The notebook as far as it came: {partial}",
        ) from error
    except (OSError, RuntimeError) as error:
        raise ResultError(f"Notebook {notebook.name} could not be executed", str(error)) from error
    os.replace(partial, output)  # noqa: PTH105 - one atomic rename


def require_replaceable(page: Path) -> None:
    """UsageError when the notebook beside `page` would replace one that no execution wrote (papermill signs those).

    Nor can a notebook hold a name that is no UTF-8: papermill writes its own into it.
    """
    executed = page.with_suffix(".ipynb")
    if printable(page) != str(page):
        raise UsageError(f"The page cannot be {printable(page)}", "its name is no UTF-8", "Choose another name.")
    if executed == page:
        raise UsageError(f"The page cannot be {page}", "its executed notebook gets that name", "Name it *.html.")
    if executed.exists() and not _signed(executed):
        why = "the executed notebook is written beside the page, and a notebook of that name is there already"
        raise UsageError(f"{executed} would be overwritten", why, "Name another page with --out.")


def _signed(notebook: Path) -> bool:
    """Whether papermill wrote this file."""
    try:
        content = read_json(notebook, dict[str, Any])
    except ResultError:
        return False
    metadata = content.get("metadata")
    return isinstance(metadata, dict) and "papermill" in metadata


def write_page(
    notebook: Path, target: Path, parameters: Mapping[str, Any], head: Callable[[], Head], *, root: Path
) -> None:
    """Write the page of a notebook executed with these parameters, and the executed notebook beside it, in its folder.

    `head` is asked for when it is needed: what makes pages takes long to import.

    Raises
    ------
    UsageError
        The page would be named like a notebook, or a notebook that nobody executed has the name of the executed one.
    ResultError
        As `execute`.
    StorageError
        The page's folder cannot be made or written.
    """
    require_replaceable(target)
    check_writable(target.parent)
    with storage(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    executed = target.with_suffix(".ipynb")
    _papermill()  # first, and here, where it comes without what takes a second of it
    with ThreadPoolExecutor(max_workers=1) as meanwhile:  # the kernel is another process
        made = meanwhile.submit(_page_maker, head)
        execute(notebook, executed, parameters, root=root)
        page, page_head = made.result()
    write_atomic(target, page(executed, page_head))


def _page_maker(head: Callable[[], Head]) -> tuple[Callable[[Path, Head], str], Head]:
    from rushlab.show import html

    return html.page, head()
