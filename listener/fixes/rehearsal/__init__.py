"""Rehearsal: the very steps of a plan on an empty copy, with the known statements described before and after."""
