"""Where a study in a database is, taken apart; the password stays out of everything that is shown."""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from steepest.base.errors import StoreError

SCHEMES = ("postgresql", "postgres")
_SECRETS = frozenset({"password", "sslpassword"})
_SHAPE = "postgresql://user:password@host:port/database?study=NAME"
_REMEDY = (
    f"Write {_SHAPE}; in a name or a password, % followed by two hexadecimal digits stands for a special "
    "character (%40 for @, %2F for /, %3A for :, %23 for #, %3F for ?, %25 for %)."
)


@dataclass(frozen=True, slots=True)
class Address:
    """One study in one database.

    Args:
        study: its name, "" where none was given.
        place: the address as it may be shown: without a password.
        options: what to connect with, by libpq's names: host, port, user, password, dbname, sslmode, …
    """

    study: str
    place: str
    options: dict[str, str] = field(repr=False)

    @property
    def secrets(self) -> list[str]:
        """What must not be shown, as given and as written in an address; the longest first."""
        plain = [self.options[name] for name in _SECRETS & self.options.keys() if self.options[name]]
        return sorted(
            {form for word in plain for form in (word, quote(word, safe=""))}, key=len, reverse=True
        )


def is_address(place: str) -> bool:
    """Whether a place is a database rather than a folder.

    Example:
        >>> is_address("postgresql://localhost/studies?study=wine"), is_address("runs/wine")
        (True, False)
    """
    return place.split("://")[0] in SCHEMES and "://" in place


def parse_address(url: str) -> Address:
    """Take an address apart.

    Args:
        url: `postgresql://user:password@host:port/database?study=NAME`; what is left out is up to libpq (its
            environment variables and `~/.pgpass`). Further options of libpq may follow: `&sslmode=require`.

    Raises:
        StoreError: it cannot be read, most often for a special character in the password.

    Example:
        >>> address = parse_address("postgresql://ada:pass%2Fword@db.lab:5433/studies?study=wine&sslmode=require")
        >>> address.study, address.place
        ('wine', 'postgresql://ada@db.lab:5433/studies?sslmode=require&study=wine')
        >>> address.options["password"]
        'pass/word'
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise StoreError(f"The address of the database cannot be read. {_REMEDY}") from None
    where = parts.netloc.rpartition("@")[2]
    if parts.fragment or "@" in parts.path + parts.query or "," in where:
        raise StoreError(f"The address of the database cannot be read. {_REMEDY}")
    study = given.pop("study", "")
    host = where.rpartition(":")[0] if port is not None else where.removesuffix(":")
    named = {
        "host": host.strip("[]") or None,
        "port": port,
        "user": parts.username,
        "password": parts.password,
    }
    options = {name: unquote(str(value)) for name, value in named.items() if value is not None}
    if parts.path.strip("/"):
        options["dbname"] = unquote(parts.path.strip("/"))
    shown = {name: value for name, value in given.items() if name not in _SECRETS}
    return Address(study, _shown(parts, shown, study), options | given)


def _shown(parts: SplitResult, options: dict[str, str], study: str) -> str:
    user = f"{parts.username}@" if parts.username else ""
    where = parts.netloc.rpartition("@")[2]
    query = urlencode({**options, **({"study": study} if study else {})}, quote_via=quote)
    return f"postgresql://{user}{where}{parts.path}" + (f"?{query}" if query else "")
