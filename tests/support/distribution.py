"""Does what is shipped hold what the folders hold? `python -m tests.support.distribution dist`, after a build."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

# Where each folder is installed, below the wheel's `pgmend/`.
FOLDERS = {
    "sql": "sql", "listener": "listener", "api": "api", "rules": "rules", "testing": "testing", "docs/rules": "pages"
}  # fmt: skip
SHIPPED = (".py", ".sql", ".typed", ".md")


def missing_from(archive: Path, root: Path) -> list[str]:
    """Files of those folders that the wheel or sdist does not hold."""
    if archive.suffix == ".whl":
        names = set(zipfile.ZipFile(archive).namelist())
        installed = {folder: f"pgmend/{name}" for folder, name in FOLDERS.items()}
    else:
        with tarfile.open(archive) as tar:
            names = set(tar.getnames())
        installed = {folder: f"{archive.name.removesuffix('.tar.gz')}/{folder}" for folder in FOLDERS}
    wanted = [
        f"{installed[folder]}/{file.relative_to(root / folder).as_posix()}"
        for folder in FOLDERS
        for file in (root / folder).rglob("*")
        if file.suffix in SHIPPED or file.name == "py.typed"
    ]
    return [name for name in wanted if name not in names]


def main() -> int:
    """Print what is missing; 1 where anything is."""
    root = Path.cwd()
    archives = [*Path(sys.argv[1]).glob("*.whl"), *Path(sys.argv[1]).glob("*.tar.gz")]
    lacks = {archive.name: missing_from(archive, root) for archive in archives}
    for name, files in lacks.items():
        print(f"{name}: {'complete' if not files else 'lacks ' + ', '.join(files)}")
    return int(len(archives) != 2 or any(lacks.values()))


if __name__ == "__main__":
    sys.exit(main())
