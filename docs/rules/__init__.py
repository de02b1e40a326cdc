"""A page on each rule, installed as `pgmend.pages`: `pgmend rule NAME` shows the very page that the repository has."""
