"""What can go wrong, each with the object, the figure and the cure that an operator needs.

PgmendError (in `pgmend.sql.errors`, so that all three folders share the root)
├── SettingsError            a wrong value: names itself, its source, the cure        exit 2
├── NotFound                 an id that is nowhere                                    exit 2, 404
├── InvalidRequest           a value that cannot be used; names it and the cure       exit 2, 422
├── CouldNotLook             the server or the role did not let us see                exit 3, 503
│   ├── SnapshotTorn         the catalogs moved under the reader; worth another try
│   ├── GaveWay              somebody waited for what we read; worth another try later
│   └── RuleFailed           an own rule that raised, took too long or found nonsense; the others go on
├── RuleRefused              an own rule that cannot be taken on; names it and the cure
├── EmbeddedServerError      our own server did not start; with the end of its log    exit 3
└── FixError                 nothing was changed, or what was changed is undone       exit 1, 409
    ├── PlanRefused          the plan may not be made, with the reason
    │   ├── NoRemedy         nobody knows a plan: it is for a person to decide
    │   └── PlanWaits        another fix has to come first
    ├── PlanStale            the world has moved since the plan was made
    ├── FixDeferred          not now: a lock, a blocker, a limit; tried again later
    ├── ProofRefuted         a check found a counter-example before commit
    ├── FixFailed            the server refused a step, in its words
    ├── CodeStays            files of code that may not or cannot be changed, with the cure
    ├── FixInterrupted       a pause or a stop came between; it goes on later
    └── LeaseLost            another listener leads by now; whatever was under way was not committed
"""

from __future__ import annotations

from ..sql.errors import PgmendError


class SettingsError(PgmendError):
    """A setting with a wrong value, its source and the cure."""


class NotFound(PgmendError):
    """An id that names nothing here."""


class InvalidRequest(PgmendError):
    """Somebody asked with a value that cannot be used (an id that is none, a time that is over)."""


class CouldNotLook(PgmendError):
    """The server, a right or a limit kept us from seeing; nothing is concluded."""


class SnapshotTorn(CouldNotLook):
    """The catalogs changed while they were read; another try may succeed."""


class GaveWay(CouldNotLook):
    """Somebody waited too long for what was being read: it was ended; says who that was."""


class RuleFailed(CouldNotLook):
    """An own rule that raised, took too long, or found what makes no sense; says which, where, and the cure."""


class RuleRefused(PgmendError):
    """An own rule that cannot be taken on as it is (its name, its signature); says why, and the cure."""


class EmbeddedServerError(PgmendError):
    """A server of our own that cannot be made or started, with what it said."""


class FixError(PgmendError):
    """A fix that did not happen."""


class PlanRefused(FixError):
    """No plan may be made: the reason says what cannot be preserved or proved."""


class NoRemedy(PlanRefused):
    """An issue that comes without a remedy."""


class PlanWaits(PlanRefused):
    """What the plan cannot do without is not there yet; the message says what."""


class PlanStale(FixError):
    """The tables are no longer as the plan saw them."""


class NameTaken(PlanStale):
    """Somebody else has made something under the very name that a step was to use; the step made nothing."""


class FixDeferred(FixError):
    """Not now; the queue tries again later."""


class ProofRefuted(FixError):
    """A check before commit found a counter-example; the transaction was rolled back."""


class FixFailed(FixError):
    """A step that the server refused, for a reason that will not pass by itself."""


class CodeStays(FixError):
    """Files of code that are as they were: one of them may not be written, could not be, or did not become right."""


class FixInterrupted(FixError):
    """A pause or a stop came; the fix goes on from where it is when it is claimed again."""


class LeaseLost(FixError):
    """The lease that a fix ran under is another listener's: nothing more may be done under it."""
