"""Mending: from open issues to fixes that run: planned, weighed whether they may run alone, queued, worked off."""
