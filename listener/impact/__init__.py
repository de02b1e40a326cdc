"""Impact: what a statement that ran did to those who work on its table. Judged by what happened, on the real size."""
