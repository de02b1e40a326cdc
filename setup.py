"""Finds every folder of the five, those that hold only SQL included; an explicit list would forget new ones."""

from setuptools import find_namespace_packages, setup

FOLDERS = ("listener", "api", "sql", "rules", "testing")
found = find_namespace_packages(
    include=[pattern for folder in FOLDERS for pattern in (folder, f"{folder}.*")],
    exclude=["*__pycache__*", "*node_modules*"],
)
setup(packages=[*(f"pgmend.{name}" for name in found), "pgmend.pages"])
