"""One fix: a kind per file in `kinds/` plans a remedy; `execution/` proves, applies and undoes any plan."""
