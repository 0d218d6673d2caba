"""Where the benchmarks keep what they build, install and write."""

from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
REPOSITORY = SOURCE.parent
RESULTS = SOURCE / "results"
CACHE = REPOSITORY / ".bench"


def cache_folder(*names: str) -> Path:
    """A folder below ``.bench``, which git never sees because it ignores itself."""
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    folder = CACHE.joinpath(*names)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
