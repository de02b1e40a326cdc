"""Reading code: the SQL in an application's Python files, what the server makes of it, and what is wrong with it.

`extraction` finds statements (nothing is imported or executed), `describing` asks the server, `judgements` tell what
disagrees, `analysis` is all of it. How an expression becomes text is one file per form in `forms`; what a driver calls
its methods, how it writes placeholders and what it refuses is one file per driver in `drivers`.
"""
