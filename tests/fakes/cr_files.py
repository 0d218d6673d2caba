"""CR files in a folder, as users write them."""

import json
from pathlib import Path

from fakes.cr_documents import Document
from moorage_local.files import Files
from moorage_local.resources import Resources, read_resources


def write(file: Path, *documents: Document) -> Path:
    """The documents in one file, each on one line: the first at line 1, the next at line 3."""
    file.write_text("\n---\n".join(map(json.dumps, documents)))
    return file


def resources_in(*files: Path) -> Resources:
    """What the files hold."""
    return read_resources(Files(tuple(map(str, files))).read())


def told_of(*files: Path) -> list[str]:
    """Every finding as it is told, without the folder's name."""
    folder = f"{files[0].parent}/"
    return [str(finding).replace(folder, "") for finding in resources_in(*files).findings]
