"""Finds every folder of the three, those that hold only SQL included; an explicit list would forget new ones."""

from setuptools import find_namespace_packages, setup

found = find_namespace_packages(include=["listener*", "api*", "sql*"], exclude=["*__pycache__*", "*node_modules*"])
setup(packages=[f"pgmend.{name}" for name in found])
