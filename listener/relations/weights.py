"""What each piece of evidence weighs, in natural log-odds, and why.

A relation is believed at BELIEVED: odds of 20 to 1. A false critical issue is the worst this product can do, so the
weights err to the side of silence: no name alone, and no data alone, makes a relation.
"""

from __future__ import annotations

PRIOR = -4.0
"""Of pairs of a column and a key that anything at all proposes, about one in fifty is a relation."""

BELIEVED = 3.0
"""Odds of 20 to 1: two independent strong reasons (a name and siblings, a name and data), never one."""

MARGIN = 2.0
"""The best candidate must be seven times as likely as the next; nearer is ambiguous."""

DECLARED = 10.0
"""A foreign key: the schema's own word."""

SIBLINGS = (0.0, 3.5, 5.0, 5.5)
"""By how many tables (three is three or more) have a foreign key from a column of the same name. One may be a
coincidence of names such as `parent_id`; a third says that the schema means one thing by the name. Measured: of 123
candidates with one sibling 55 were true, of 49 with two 42, of 305 with three or more 275."""

SIBLINGS_OF_OTHER_TYPE = (0.0, 1.5, 3.0, 4.0)
"""The same where this column's type does not fit the key: an accident, or another meaning."""

SIBLINGS_ABROAD = (0.0, 2.0, 2.5, 3.0)
"""The same from tables of other schemas: a name means less across schemas."""

SIBLINGS_DIVIDED = -3.0
"""As many siblings refer to another key that this column's type fits as well: the name means two things."""

SIBLINGS_CONTESTED = -1.0
"""Fewer siblings, yet some, refer to another key that fits: three of `groupid` mean hosts' groups, one means users'."""

SIBLINGS_ELSEWHERE = -2.0
"""No sibling refers to this key, and some refer to another that this column's type fits."""

NAMESAKES = 1.5
"""Only where the type does not fit the key: columns of the same name in three tables or more have the key's type,
though no foreign key. It says what the type should be, more than that there is a relation."""

NAMED = 5.0
"""`user_id` beside a table `users` with the key `id`, or `app_user` for a table of the same app. Measured: of 249 such
candidates 243 were true, which is more; yet a name alone must not reach BELIEVED."""

NAMED_WITH_ROLE = 4.5
"""`author_user_id` and `users`: a role before a name that says all. Measured: of 38 such candidates 31 were true."""

NAMED_BY_TAIL = 2.0
"""`template_id` and `hosts_templates`, or `user_id` and `auth_user`: the name says the end of the table's only, which
may be a link table's. Measured: of 35 such candidates 3 were true, most of the others being link tables."""

NAMED_AS_KEY = 5.0
"""`itemid`, as the key of one other table is called, be that table's name what it may."""

NAMED_AS_KEY_WITH_ROLE = 4.5
"""`master_itemid`, `scratchpoolid`, `iconid_off`: such a name with a role before or behind it."""

NAMED_BARE = 4.1
"""`queue` and `queues`, where both are integers or both are uuids: other columns bear a table's name by chance."""

NAMED_PARENT = 2.0
"""`parent`, `parent_id` where no table is called so, or `parent_graph_id` of graphs: a row of the same table. Serial
keys hold such numbers by chance, so neither rows nor the name are enough without a sibling or a habit."""

CONVENTION = ((5, 1.4), (3, 1.0))
"""From that many foreign keys of the schema on whose columns call their keys in the same way: that is its habit. With
the name and the type it is less than BELIEVED: a name, however usual, is not believed without rows or siblings."""

NAMED_TABLE_ONLY = 1.0
"""The name speaks of the table, the key is another of its keys than the name speaks of (`user_id`, `users.email`)."""

NAMED_PRIMARY_KEY = -0.5
"""The key column is called otherwise than the suffix, but it is the primary key (`user_id`, `users.uid`)."""

NAMED_ABROAD = -1.0
"""The table so named lies in another schema."""

COMPOSITE_KEY_NAMES = 1.0
"""The columns are called as a composite key's: junction tables repeat such names without referring to each other."""

COMPOSITE_KEY_NAMES_WITH_OWN = 3.0
"""The same where a part of the key is the table's own (`patient_id, number` of treatments): whoever has both names
means a treatment, not any patient and a number."""

SAME_TYPE = 0.5
"""The same family: cheap for integers and text, which most columns are."""

SAME_UUID = 1.0
"""A uuid column is an identifier of something."""

OTHER_TYPE = -0.5
"""A mismatch is what is looked for: hardly evidence against."""

BETTER_TYPED = -3.0
"""The column's type does not fit this key and fits another that its name means as well (`sessions.session_id`)."""

JOINED_IN_VIEWS = (0.0, 3.0, 4.0, 4.5)
"""By how many views (three is three or more) compare the columns with the key. A view is kept because somebody wants
it; columns that happen to be equal are joined too (a country's code with a language's), hence not more."""

JOINED_IN_FUNCTIONS = (0.0, 3.0, 3.5, 4.0)
"""The same of functions, which are often copied."""

JOINED_IN_STATEMENTS = (0.0, 2.5, 3.0, 3.5)
"""The same of statements that the server ran: one may have been somebody's try, and the search_path is a guess."""

JOINED_IN_CODE = (0.0, 3.0, 3.5, 4.0)
"""The same of places in the application's code."""

JOINED_AS_WELL = 0.5
"""For each further kind of source: statements come out of code, and functions' queries are statements too."""

COMMENT_REFERS = 4.0
"""The comment says in words that the column refers to this table."""

COMMENT_MENTIONS = 1.0
"""The comment has the table's name in it."""

COMMENT_DENIES = -6.0
"""The comment says that the column is no reference, or one to something outside."""

CONTAINED = ((1000, 4.0), (100, 3.5), (20, 2.0), (5, 1.0))
"""From that many distinct values on, all in the key. Small integers lie in any serial key by chance: hence steps."""

CONTAINED_UUIDS = ((3, 6.0), (1, 3.0))
"""Random 122-bit values do not meet by chance."""

CONTAINED_AFTER_CAST = 1.0
"""On top: text that could hold anything, and yet every value is a key of another type."""

FEW_OUTSIDE = 0.02
"""Up to this share without a key is what happens where no foreign key stands guard; it costs SOME_OUTSIDE."""

SOME_OUTSIDE = -1.0

NO_SIGN_OUTSIDE = 0.10
"""Up to this share the data say nothing."""

MANY_OUTSIDE = -3.0
"""Up to half without a key."""

MOST_OUTSIDE = -6.0
"""More than half: another meaning."""

ENOUGH_ROWS = 20
"""Fewer rows outside weigh half: test data, leftovers."""

FORMER_FOREIGN_KEY = 9.0
"""There was a foreign key that said so, before somebody dropped it."""

DROPPED = -2.0
"""Somebody dropped it; that may have been meant."""

FORMER_TYPE = 2.5
"""Before an event changed it, the column's type fitted the key."""

EXTERNAL = -9.0
"""`stripe_customer_id`: the name says that another service gave the value."""

POLYMORPHIC = -9.0
"""`owner_id` beside `owner_type`: which table is meant differs by row. So it does for `ident` in a key with
`parent_type`, where there is no `parent` for that to speak of."""

PERHAPS_POLYMORPHIC = -4.0
"""The same where the selector refers to a table by a foreign key (`entity_class`): a list of classes more often than
one of tables."""

OUTLIVES = -9.0
"""A table of audits or of what was deleted keeps what it tells of after that is gone: such keys are not declared on
purpose, and one would keep the application from deleting."""

TURNED_ROUND = -6.0
"""The key refers to this very column: a foreign key back would make each wait for the other."""

MOST_BY_COUNTING = 7.0
"""What counting can add at best: a candidate nearer than this to BELIEVED is worth counting."""
