"""Ten things that are broken on each real schema, what must be found of each, and who may mend it.

`ADDITIONS` come first, before anybody looks: rows to cast and to count, foreign keys where the authors declared
none, a table with a name that needs quotes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import LiteralString

from pgmend.api.demo.deed import Deed, Failing

from .verdict import Place


class Mending(StrEnum):
    """Who decides, under `auto_fix = all`: what undoes or does a DROP waits for approval."""

    ALONE = "alone"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Break:
    """Deeds, one after the other, and exactly the issues that they open, in the order in which they can be mended."""

    title: str
    deeds: tuple[Deed, ...]
    opens: tuple[tuple[Place, Mending], ...]


def broken(
    title: str,
    *statements: LiteralString | Failing,
    opens: Place,
    mending: Mending,
    first: LiteralString | None = None,
    meanwhile: LiteralString | None = None,
) -> Break:
    """The usual break: one issue. `first` is done before the transaction of `meanwhile` is opened."""
    deed = Deed("lab", statements, meanwhile)
    return Break(title, (deed,) if first is None else (Deed("lab", (first,)), deed), ((opens, mending),))


def missing_key(title: str, statement: LiteralString, table: str, column: str) -> Break:
    """A foreign key dropped."""
    place = Place("MISSING_FOREIGN_KEY", table, column, "")
    return broken(title, statement, opens=place, mending=Mending.APPROVED)


def missing_index(title: str, statement: LiteralString, table: str, column: str) -> Break:
    """An index dropped that a foreign key lived by."""
    return broken(title, statement, opens=Place("MISSING_INDEX", table, column, ""), mending=Mending.APPROVED)


def twin(title: str, statement: LiteralString, table: str, column: str, name: str) -> Break:
    """A second index that says the same."""
    place = Place("DUPLICATE_INDEX", table, column, name)
    return broken(title, statement, opens=place, mending=Mending.APPROVED)


def key_dropped_and_type_changed(title: str, statement: LiteralString, table: str, column: str) -> Break:
    """Two at once, since PostgreSQL keeps no foreign key between text and a number."""
    return Break(
        title,
        (Deed("lab", (statement,)),),
        (
            (Place("TYPE_MISMATCH", table, column, ""), Mending.ALONE),
            (Place("MISSING_FOREIGN_KEY", table, column, ""), Mending.APPROVED),
        ),
    )


PDNS_ADDITIONS: tuple[LiteralString, ...] = (
    """create table "Zonen-Eigentümer" (
        "Domain Id" integer primary key constraint "gehört zu" references domains on delete cascade
            deferrable initially deferred,
        "größe" integer
    )""",
    """create table supermaster_notes (
        ip inet, nameserver varchar(255), note text, primary key (ip, nameserver),
        constraint of_supermaster foreign key (ip, nameserver) references supermasters on delete cascade
    )""",
    "insert into supermasters select inet '192.0.2.0' + n, 'ns' || n, '' from generate_series(1, 9) as n",
    "insert into supermaster_notes select ip, nameserver, 'known' from supermasters",
    "insert into domains (name, type) select 'zone' || n || '.example', 'NATIVE' from generate_series(1, 20) as n",
    "insert into records (domain_id, name, type) select 1 + n % 20, 'host' || n, 'A' from generate_series(1, 500) as n",
    """insert into comments (domain_id, name, type, modified_at, comment)
       select 1 + n % 20, 'host' || n, 'A', n, 'remark ' || n from generate_series(1, 200) as n""",
    "insert into domainmetadata (domain_id, kind, content) select id, 'SOA-EDIT', 'INCEPTION' from domains",
    "insert into cryptokeys (domain_id, flags, active, content) select id, 257, true, md5(name) from domains",
    """insert into "Zonen-Eigentümer" select id, id % 3 from domains""",
    "analyze",
)

PDNS = (
    missing_key("foreign key dropped", "alter table records drop constraint domain_exists", "records", "domain_id"),
    missing_key(
        "deferrable foreign key with names that need quotes dropped",
        'alter table "Zonen-Eigentümer" drop constraint "gehört zu"',
        "Zonen-Eigentümer",
        "Domain Id",
    ),
    missing_index("index of a foreign key dropped", "drop index domainidindex", "cryptokeys", "domain_id"),
    twin(
        "twin index",
        "create index domainmetadata_again on domainmetadata (domain_id)",
        "domainmetadata",
        "domain_id",
        "domainmetadata_again",
    ),
    twin("twin of a unique index", "create unique index name_again on domains (name)", "domains", "name", "name_again"),
    key_dropped_and_type_changed(
        "integer turned into text, the foreign key dropped for it",
        "alter table comments drop constraint domain_exists, alter column domain_id type text",
        "comments",
        "domain_id",
    ),
    broken(
        "unique index built anew over duplicates",
        "drop index namealgoindex",
        "insert into tsigkeys (name, algorithm) values ('twice', 'hmac'), ('twice', 'hmac')",
        Failing("create unique index concurrently namealgoindex on tsigkeys (name, algorithm)", "23505"),
        "delete from tsigkeys where name = 'twice'",
        opens=Place("INVALID_INDEX", "tsigkeys", "name, algorithm", "namealgoindex"),
        mending=Mending.ALONE,
    ),
    broken(
        "index whose concurrent drop gave up half-way",
        "set lock_timeout = '200ms'",
        Failing("drop index concurrently nametype_index", "55P03"),
        meanwhile="update records set ttl = 60 where id = 1",
        opens=Place("INVALID_INDEX", "records", "name, type", "nametype_index"),
        mending=Mending.ALONE,
    ),
    broken(
        "foreign key declared anew and never validated",
        """alter table domainmetadata
           drop constraint domainmetadata_domain_id_fkey,
           add constraint domainmetadata_domain_id_fkey foreign key (domain_id) references domains
           on delete cascade not valid""",
        opens=Place("UNVALIDATED_CONSTRAINT", "domainmetadata", "domain_id", "domainmetadata_domain_id_fkey"),
        mending=Mending.ALONE,
    ),
    missing_key(
        "foreign key of two columns dropped",
        "alter table supermaster_notes drop constraint of_supermaster",
        "supermaster_notes",
        "ip, nameserver",
    ),
)

ROUNDCUBE_ADDITIONS: tuple[LiteralString, ...] = (
    "insert into users (username, mail_host) select 'user' || n, 'localhost' from generate_series(1, 40) as n",
    "insert into identities (user_id, name, email) select user_id, username, username || '@example.org' from users",
    "insert into responses (user_id, name, data) select user_id, 'thanks', 'Thank you' from users",
    """insert into collected_addresses (user_id, email, type)
       select user_id, 'friend' || n || '@example.org', 1 from users, generate_series(1, 5) as n""",
    "insert into contacts (user_id, name) select user_id, 'Contact ' || n from users, generate_series(1, 5) as n",
    "insert into contactgroups (user_id, name) select user_id, 'all' from users",
    """insert into contactgroupmembers (contactgroup_id, contact_id)
       select contactgroup_id, contact_id from contactgroups join contacts using (user_id)""",
    "insert into searches (user_id, name, data) select user_id, 'unread', '{}' from users",
    "insert into filestore (user_id, context, filename, mtime, data) select user_id, 'enigma', 'key', 1, '' from users",
    "insert into dictionary (user_id, language, data) select user_id, 'en', '' from users",
    "insert into session (sess_id, ip, vars) select md5(username), '::1', '' from users",
    "analyze",
)

ROUNDCUBE = (
    missing_key(
        "cascading foreign key dropped",
        "alter table identities drop constraint identities_user_id_fkey",
        "identities",
        "user_id",
    ),
    missing_key(
        "foreign key of half a primary key dropped",
        "alter table contactgroupmembers drop constraint contactgroupmembers_contact_id_fkey",
        "contactgroupmembers",
        "contact_id",
    ),
    missing_index(
        "index of a foreign key dropped",
        "drop index contactgroupmembers_contact_id_idx",
        "contactgroupmembers",
        "contact_id",
    ),
    missing_index("wider index of a foreign key dropped", "drop index responses_user_id_idx", "responses", "user_id"),
    key_dropped_and_type_changed(
        "integer in a unique index turned into text",
        """alter table collected_addresses
           drop constraint collected_addresses_user_id_fkey, alter column user_id type text""",
        "collected_addresses",
        "user_id",
    ),
    key_dropped_and_type_changed(
        "integer in a unique constraint turned into varchar",
        "alter table dictionary drop constraint dictionary_user_id_fkey, alter column user_id type varchar(12)",
        "dictionary",
        "user_id",
    ),
    twin(
        "twin index",
        "create index identities_again on identities (user_id, del)",
        "identities",
        "user_id, del",
        "identities_again",
    ),
    broken(
        "index built anew, given up behind an open transaction",
        "set lock_timeout = '200ms'",
        Failing("create index concurrently session_changed_idx on session (changed)", "55P03"),
        first="drop index session_changed_idx",
        meanwhile="update session set ip = '::2'",
        opens=Place("INVALID_INDEX", "session", "changed", "session_changed_idx"),
        mending=Mending.ALONE,
    ),
    broken(
        "index whose concurrent drop gave up half-way",
        "set lock_timeout = '200ms'",
        Failing("drop index concurrently identities_email_idx", "55P03"),
        meanwhile="update identities set del = 0 where identity_id = 1",
        opens=Place("INVALID_INDEX", "identities", "email, del", "identities_email_idx"),
        mending=Mending.ALONE,
    ),
    broken(
        "foreign key declared anew and never validated",
        """alter table filestore
           drop constraint filestore_user_id_fkey,
           add constraint filestore_user_id_fkey foreign key (user_id) references users
           on update cascade on delete cascade not valid""",
        opens=Place("UNVALIDATED_CONSTRAINT", "filestore", "user_id", "filestore_user_id_fkey"),
        mending=Mending.ALONE,
    ),
)

ICINGA_ADDITIONS: tuple[LiteralString, ...] = (
    "insert into icinga_instances (instance_name) values ('default')",
    """insert into icinga_objects (instance_id, objecttype_id, name1)
       select 1, 1, 'host' || n from generate_series(1, 60) as n""",
    "insert into icinga_hosts (instance_id, config_type, host_object_id) select 1, 1, object_id from icinga_objects",
    """insert into icinga_services (instance_id, config_type, service_object_id, host_object_id)
       select 1, 1, object_id, object_id from icinga_objects""",
    """insert into icinga_host_contacts (instance_id, host_id, contact_object_id)
       select 1, host_id, host_id from icinga_hosts""",
    """insert into icinga_service_contacts (instance_id, service_id, contact_object_id)
       select 1, service_id, service_id from icinga_services""",
    "insert into icinga_comments (instance_id, object_id) select 1, object_id from icinga_objects",
    "alter table icinga_hosts add foreign key (host_object_id) references icinga_objects",
    """alter table icinga_services add constraint service_of_host
       foreign key (host_object_id) references icinga_objects on delete cascade""",
    "alter table icinga_host_contacts add foreign key (host_id) references icinga_hosts",
    "alter table icinga_service_contacts add constraint of_service foreign key (service_id) references icinga_services",
    "alter table icinga_comments add foreign key (object_id) references icinga_objects",
    "analyze",
)

ICINGA = (
    missing_key(
        "added foreign key dropped",
        "alter table icinga_hosts drop constraint icinga_hosts_host_object_id_fkey",
        "icinga_hosts",
        "host_object_id",
    ),
    missing_key(
        "added, cascading foreign key dropped",
        "alter table icinga_services drop constraint service_of_host",
        "icinga_services",
        "host_object_id",
    ),
    missing_index(
        "index of an added foreign key dropped",
        "drop index idx_host_contacts_host_id",
        "icinga_host_contacts",
        "host_id",
    ),
    key_dropped_and_type_changed(
        "bigint turned into text, the foreign key dropped for it",
        """alter table icinga_comments
           drop constraint icinga_comments_object_id_fkey, alter column object_id type text""",
        "icinga_comments",
        "object_id",
    ),
    twin(
        "twin index",
        "create index objects_name1_again on icinga_objects (name1)",
        "icinga_objects",
        "name1",
        "objects_name1_again",
    ),
    twin(
        "twin of a unique constraint's index",
        "create unique index dbversion_name_again on icinga_dbversion (name)",
        "icinga_dbversion",
        "name",
        "dbversion_name_again",
    ),
    broken(
        "index built anew, given up behind an open transaction",
        "set lock_timeout = '200ms'",
        Failing("create index concurrently sla_idx_obj on icinga_objects (objecttype_id, is_active, name1)", "55P03"),
        first="drop index sla_idx_obj",
        meanwhile="update icinga_objects set is_active = 1 where object_id = 1",
        opens=Place("INVALID_INDEX", "icinga_objects", "objecttype_id, is_active, name1", "sla_idx_obj"),
        mending=Mending.ALONE,
    ),
    broken(
        "descending index whose concurrent drop gave up half-way",
        "set lock_timeout = '200ms'",
        Failing("drop index concurrently sla_idx_sthist", "55P03"),
        meanwhile="insert into icinga_statehistory (object_id) values (1)",
        opens=Place("INVALID_INDEX", "icinga_statehistory", "object_id, state_time", "sla_idx_sthist"),
        mending=Mending.ALONE,
    ),
    broken(
        "added foreign key declared anew and never validated",
        """alter table icinga_service_contacts
           drop constraint of_service,
           add constraint of_service foreign key (service_id) references icinga_services not valid""",
        opens=Place("UNVALIDATED_CONSTRAINT", "icinga_service_contacts", "service_id", "of_service"),
        mending=Mending.ALONE,
    ),
    missing_key(
        "foreign key of a table without other keys dropped",
        "alter table icinga_host_contacts drop constraint icinga_host_contacts_host_id_fkey",
        "icinga_host_contacts",
        "host_id",
    ),
)


@dataclass(frozen=True, slots=True)
class Course:
    """What is done to one shipped schema: first the additions, then the breaks."""

    additions: tuple[LiteralString, ...]
    breaks: tuple[Break, ...]


COURSES = {
    "roundcube": Course(ROUNDCUBE_ADDITIONS, ROUNDCUBE),
    "pdns": Course(PDNS_ADDITIONS, PDNS),
    "icinga2": Course(ICINGA_ADDITIONS, ICINGA),
}
