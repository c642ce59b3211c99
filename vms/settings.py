"""Settings: from ``VMS_*`` environment variables and ``/etc/guet/vms.toml``; one object, read once a process."""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from vms.identity_provider import IdentityProvider

SETTINGS_FILE: Final = Path("/etc/guet/vms.toml")
# A Unix socket's path may be 107 bytes long; the longest name we put below is 16.
SOCKET_DIR_LIMIT_BYTES: Final = 90


class Settings(BaseSettings):
    """What a host decides; everything else is a fact of a commune and lives with the keeper."""

    model_config = SettingsConfigDict(env_prefix="VMS_", toml_file=SETTINGS_FILE, extra="ignore")

    home: Path = Path("/var/lib/guet")
    host: str = "127.0.0.1"
    port: int = Field(default=8443, ge=0, le=65535)
    public_url: str = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    recorders: int | None = Field(default=None, ge=1, le=64)
    store_reserve_mib: int = Field(default=2048, ge=1)  # at most a tenth of the volume is kept
    # A folder on another volume, where recordings go on while the store's own is away, another, read-only or bad.
    spare_store: Path | None = None
    # Many machines: a PostgreSQL database and an S3-compatible bucket that all of them use; empty on a single machine.
    database_url: str = ""  # postgresql+asyncpg://account@host/database
    store_url: str = ""  # s3://bucket/prefix; endpoint and account by the AWS_* variables that every S3 client reads
    spool_limit_mib: int = Field(default=65_536, ge=64)  # footage that waits on this machine for the bucket
    machine: str = Field(default_factory=platform.node, pattern=r"[A-Za-z0-9.-]{1,64}")
    # This machine among others: its certificate bears its name; the authority is the operator's own.
    machine_certificate: Path | None = None
    machine_key: Path | None = None
    machine_authority: Path | None = None
    # The keeper listens here for recorder machines, those of the list, or all that the authority vouches for; and on
    # the three ports above for the pages, provisioning and work of the head machines, which must be named.
    keeper_port: int | None = Field(default=None, ge=1, le=65_532)
    recorder_machines: list[str] = []
    head_machines: list[str] = []
    # What this machine runs: everything, or with ``keeper_at`` the recorders; the keeper alone; all but the keeper.
    part: Literal["", "keeper", "head"] = ""
    # Where the keeper is another machine's: its ``host:port``; that machine's certificate bears ``host``.
    keeper_at: str = Field(default="", pattern=r"^(|[A-Za-z0-9.-]{1,253}:[0-9]{1,5})$")
    # A folder with ``identity.key`` and ``identity.pub``, the same on all machines: camera accounts are sealed to it.
    recorder_identity: Path | None = None
    # Live pictures between machines: recorder process N listens on the port + N.
    relay_host: str = ""  # how other machines reach this one; its name when empty
    relay_listen: str = "0.0.0.0"  # noqa: S104  a machine of many has other machines to serve
    relay_port: int | None = Field(default=None, ge=1, le=65_471)
    recorder_cameras: int | None = Field(default=None, ge=1, le=1000)  # a process takes no more, whatever it measures
    # Cameras, or communes, that are recorded longest when only protected footage is left on a full volume (P-35).
    store_keep_longest: list[str] = []
    # Whoever presents it may read /metrics from another machine; without it only this machine may.
    metrics_token: str = ""
    # Time-stamping authorities (RFC 3161) for evidence packages, tried in order, and their roots (PEM).
    timestamp_url: str = ""  # addresses, with spaces between; none when empty
    timestamp_ca: Path | None = None
    # Witnesses of the journals: each an address, a space, then the witness's verifier keys with spaces between.
    witnesses: list[str] = []
    witness_every_s: float = Field(default=60, ge=0.1, le=3600)
    # Told by e-mail of what the host itself must do: a volume that fills, or is away.
    operator_email: str = ""
    # Identity providers whose button stands at the door (OpenID Connect): a list of tables, docs/operate/identite.md.
    oidc_providers: list[IdentityProvider] = Field(default=[], max_length=8)
    # The maker's PKCS#11 module, where holders' tokens open communes' keys (docs/operate/security.md).
    pkcs11_module: Path | None = None
    # Proxies before the pages, as addresses or networks: what they say of who asks is believed, nobody else's is.
    trusted_proxies: list[str] = []
    smtp_host: str = ""
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_from: str = "guet@localhost"
    discovery_port: int = Field(default=3702, ge=1, le=65535)
    onvif_ports: list[int] = [80]
    demo: bool = False
    # For tests that must live past a due date (P-30): `vms serve` refuses to start when it is set.
    test_clock_offset_s: int = 0

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def keeper_dir(self) -> Path:
        """The keeper's own store: no other process writes or reads there."""
        return self.home / "keeper"

    @property
    def store_dir(self) -> Path:
        """Sealed segments."""
        return self.home / "store"

    @property
    def vault_dir(self) -> Path:
        """The camera vault: only the provisioner reads its key."""
        return self.home / "vault"

    @property
    def recorder_dir(self) -> Path:
        """Recorders' identity, cached plan and wrapped keys not yet handed over."""
        return self.home / "recorder"

    @property
    def recorder_identity_dir(self) -> Path:
        """The recorders' identity: this machine's own, or the one that all machines share."""
        return self.recorder_identity or self.recorder_dir

    @property
    def run_dir(self) -> Path:
        """Unix sockets; a short private folder elsewhere when ``home`` is too deep for a socket's path."""
        inside = self.home / "run"
        if len(os.fsencode(inside.absolute())) <= SOCKET_DIR_LIMIT_BYTES:
            return inside
        digest = hashlib.sha256(os.fsencode(self.home.absolute())).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"guet-{os.getuid()}-{digest}"

    @property
    def spool_dir(self) -> Path:
        """Sealed segments that the bucket does not have yet."""
        return self.home / "spool"

    @model_validator(mode="after")
    def _own_database(self) -> Self:
        """The shared database: facts about cameras, segments and incidents, never about people or keys."""
        if not self.database_url:
            self.database_url = f"sqlite+aiosqlite:///{self.home / 'guet.sqlite'}"
        if self.spare_store is not None:
            self._check_spare(self.spare_store)
        self._check_part()
        if self.timestamp_url and self.timestamp_ca is None:
            raise ValueError("VMS_TIMESTAMP_URL: the authority's root certificates are needed, VMS_TIMESTAMP_CA")
        for proxy in self.trusted_proxies:
            try:
                ip_network(proxy)
            except ValueError as error:
                raise ValueError(f"VMS_TRUSTED_PROXIES: {proxy[:60]} is no address and no network") from error
        if len({one.id for one in self.oidc_providers}) < len(self.oidc_providers):
            raise ValueError("VMS_OIDC_PROVIDERS: two identity providers have the same id")
        return self

    def _check_part(self) -> None:
        if self.keeper_at and not self.part and not self.shared:
            raise ValueError("VMS_KEEPER_AT: a machine that only records needs the VMS_DATABASE_URL that all share")
        if self.part == "head" and not self.keeper_at:
            raise ValueError("VMS_PART=head: the keeper's VMS_KEEPER_AT is needed")
        if self.part == "keeper" and (self.keeper_at or self.keeper_port is None or not self.head_machines):
            raise ValueError("VMS_PART=keeper: VMS_KEEPER_PORT and VMS_HEAD_MACHINES are needed, and no VMS_KEEPER_AT")

    @property
    def has_keeper(self) -> bool:
        """Whether the keeper and its files are this machine's."""
        return not self.keeper_at

    @property
    def is_head(self) -> bool:
        """Whether this machine serves the pages and does the host's work."""
        return self.part == "head" or (self.has_keeper and self.part != "keeper")

    def _check_spare(self, spare: Path) -> None:
        store = self.store_dir.absolute()
        if self.store_url:
            raise ValueError(
                "VMS_SPARE_STORE: with VMS_STORE_URL recordings wait in this machine's spool, not in a store"
            )
        if not spare.is_absolute() or spare == store or spare in store.parents or store in spare.parents:
            raise ValueError("VMS_SPARE_STORE: an absolute path is needed, not of the store, nor in it, nor around it")

    @property
    def shared(self) -> bool:
        """Whether other machines work on the same cameras: then leases say who does what."""
        return not self.database_url.startswith("sqlite")

    def recorder_count(self) -> int:
        """One recorder process per core unless settings say otherwise; none beside a keeper that stands apart."""
        if self.part == "keeper":
            return 0
        return self.recorders or max(1, os.cpu_count() or 1)

    def make_dirs(self) -> None:
        """Create the folders this host needs, readable by its own account only."""
        pictures = (self.store_dir, self.vault_dir, self.recorder_dir) if self.part != "keeper" else ()
        keys = (self.keeper_dir,) if self.has_keeper else ()
        for path in (self.home, *keys, *pictures, self.run_dir):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
