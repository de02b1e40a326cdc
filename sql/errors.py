"""The root of every error that pgmend raises on purpose, and what can go wrong with the SQL half.

PgmendError
└── InstallationError        schema pgmend was neither made nor changed
    ├── NotInstalled         there is no schema pgmend here
    ├── ForeignSchema        a schema of our name that is not ours
    ├── UnfitOwner           the role pgmend_owner can do more than own
    ├── NewerInstalled       a newer pgmend was here
    ├── RightsMissing        the server refused; with the cure
    ├── InstallationBlocked  somebody holds a lock for too long
    ├── EventTriggersRefused they were demanded, and the server does not let this role create them
    └── StillNeeded          an undo, an unfinished fix or somebody's object depends on schema pgmend
"""


class PgmendError(Exception):
    """Says what happened, to which object, and what cures it."""


class InstallationError(PgmendError):
    """The SQL half is as it was before."""


class NotInstalled(InstallationError):
    """There is no schema pgmend in this database."""


class ForeignSchema(InstallationError):
    """A schema of our name exists that pgmend did not make, or that another role owns."""


class UnfitOwner(InstallationError):
    """The role pgmend_owner exists with attributes that functions must not run with."""


class NewerInstalled(InstallationError):
    """The schema was made by a newer pgmend than this one."""


class RightsMissing(InstallationError):
    """The server refused a statement for want of a right."""


class InstallationBlocked(InstallationError):
    """Another session held a lock for longer than we wait."""


class EventTriggersRefused(InstallationError):
    """Event triggers were asked for and cannot be had."""


class StillNeeded(InstallationError):
    """Something depends on what was to be removed."""
