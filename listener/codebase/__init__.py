"""The application's code beside the running listener: read in a process of its own, judged as it or the schema moves.

`codebase` is the tree with what was found wrong in it, `worker` the process that keeps it, `process` the listener's end
of that, `watch` what the listener does with what it is told, `account` what goes between the two.
"""
