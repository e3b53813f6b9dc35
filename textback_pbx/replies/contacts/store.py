"""The SQL of contacts: written down, found by number, listed, and let go.

One number is one person's. What a second source says is added: it fills what is empty, adds numbers and tags, and
puts a name over another; it takes nothing away.
"""

from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.database import Row, Tx
from textback_pbx.replies.contacts.person import Customer, Person


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact with everything that is written down; times in ms UTC."""

    id: int
    name: str
    customer: str
    email: str
    note: str
    source: str
    created_ms: int
    updated_ms: int
    numbers: tuple[str, ...]
    tags: tuple[str, ...]


class Change(StrEnum):
    """What became of a contact that was to be written down."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Kept:
    """It stands as contact ``id``."""

    id: int
    change: Change


@dataclass(frozen=True, slots=True)
class Conflict:
    """Its numbers are those of more than one contact: a person has to say whose they are."""

    ids: tuple[int, ...]

    def __str__(self) -> str:
        """Say it."""
        return f"its numbers belong to contacts {', '.join(map(str, self.ids))}: remove one of them first"


_SELECT = (
    "SELECT c.*, (SELECT group_concat(number) FROM (SELECT number FROM contact_numbers WHERE contact_id = c.id"
    " ORDER BY number)) AS numbers, (SELECT group_concat(tag) FROM (SELECT tag FROM contact_tags WHERE contact_id ="
    " c.id ORDER BY tag)) AS tags FROM contacts c"
)


async def keep(tx: Tx, one: Person, *, source: str, now_ms: int) -> Kept | Conflict:
    """Write a contact down, or add it to the contact that has one of its numbers."""
    marks = ", ".join("?" * len(one.numbers))
    rows = await tx.all(
        f"SELECT DISTINCT contact_id FROM contact_numbers WHERE number IN ({marks})",  # noqa: S608 - question marks only
        one.numbers,
    )
    if len(rows) > 1:
        return Conflict(tuple(sorted(row["contact_id"] for row in rows)))
    if not rows:
        contact_id = await tx.insert(
            "INSERT INTO contacts (name, customer, email, note, source, created_ms, updated_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (one.name, one.customer.value, one.email, one.note, source, now_ms, now_ms),
        )
        await _add(tx, contact_id, one)
        return Kept(contact_id, Change.NEW)
    return await _merge(tx, rows[0]["contact_id"], one, now_ms)


async def _merge(tx: Tx, contact_id: int, one: Person, now_ms: int) -> Kept:
    before = await find(tx, contact_id)
    await tx.run(
        "UPDATE contacts SET name = coalesce(nullif(?, ''), name), customer = coalesce(nullif(?, ''), customer),"
        " email = coalesce(nullif(?, ''), email), note = coalesce(nullif(?, ''), note) WHERE id = ?",
        (one.name, one.customer.value, one.email, one.note, contact_id),
    )
    await _add(tx, contact_id, one)
    if await find(tx, contact_id) == before:
        return Kept(contact_id, Change.SAME)
    await tx.run("UPDATE contacts SET updated_ms = ? WHERE id = ?", (now_ms, contact_id))
    return Kept(contact_id, Change.CHANGED)


async def _add(tx: Tx, contact_id: int, one: Person) -> None:
    numbers = [(number, contact_id) for number in one.numbers]
    await tx.many(
        "INSERT INTO contact_numbers (number, contact_id) VALUES (?, ?) ON CONFLICT (number) DO NOTHING", numbers
    )
    tags = [(tag, contact_id) for tag in one.tags]
    await tx.many("INSERT INTO contact_tags (tag, contact_id) VALUES (?, ?) ON CONFLICT DO NOTHING", tags)


async def untag(tx: Tx, contact_id: int, tags: tuple[str, ...], now_ms: int) -> None:
    """Take tags off a contact."""
    await tx.many("DELETE FROM contact_tags WHERE contact_id = ? AND tag = ?", [(contact_id, tag) for tag in tags])
    await tx.run("UPDATE contacts SET updated_ms = ? WHERE id = ?", (now_ms, contact_id))


async def find(tx: Tx, contact_id: int) -> Contact | None:
    """Return one contact, or ``None``."""
    row = await tx.one(f"{_SELECT} WHERE c.id = ?", (contact_id,))
    return None if row is None else _contact(row)


async def of_number(tx: Tx, number: str) -> Contact | None:
    """Return whose number this is (E.164), or ``None``."""
    contact_id = await tx.value("SELECT contact_id FROM contact_numbers WHERE number = ?", (number,))
    return None if contact_id is None else await find(tx, contact_id)


async def customer_of(tx: Tx, number: str) -> Customer:
    """Return whether a number's owner is a customer already, as far as a contact record says."""
    found = await tx.value(
        "SELECT c.customer FROM contact_numbers n JOIN contacts c ON c.id = n.contact_id WHERE n.number = ?", (number,)
    )
    return Customer(found or "")


async def list_contacts(
    tx: Tx, *, tag: str | None = None, customer: str | None = None, after: int = 0, limit: int = 50
) -> list[Contact]:
    """Return contacts by id, those after ``after``: one page of an export, or a list."""
    rows = await tx.all(
        f"{_SELECT} WHERE c.id > :after AND (:customer IS NULL OR c.customer = :customer)"  # noqa: S608 - constants only
        " AND (:tag IS NULL OR EXISTS (SELECT 1 FROM contact_tags g WHERE g.tag = :tag AND g.contact_id = c.id))"
        " ORDER BY c.id LIMIT :limit",
        {"after": after, "tag": tag, "customer": customer, "limit": limit},
    )
    return [_contact(row) for row in rows]


async def remove(tx: Tx, contact_id: int) -> bool:
    """Let a contact go, with its numbers and tags; its conversations stay. Return whether there was one."""
    return await tx.run("DELETE FROM contacts WHERE id = ?", (contact_id,)) == 1


def _contact(row: Row) -> Contact:
    values = dict(row)
    for several in ("numbers", "tags"):
        values[several] = tuple((values[several] or "").split(",")) if values[several] else ()
    return Contact(**values)
