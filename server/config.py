"""All settings, each with a working default. Environment first, then `oase.toml` in the working folder."""

import functools
import os
import re
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from server.domain.turn import is_turn_address

SECRET_MIN = 16
COLOUR = r"^#[0-9a-fA-F]{6}$"
WORKERS_MAX = 32
WORKERS_BY_ITSELF = 4
"""Each worker has a port of its own, which somebody has to open in a firewall: more than these come only when asked for."""
ROOT = Path(__file__).resolve().parent.parent


def _named(name: str) -> AliasChoices:
    return AliasChoices(name, name.lower())


class Settings(BaseSettings):
    """One run's settings. Names of the environment variables are the aliases."""

    model_config = SettingsConfigDict(
        toml_file="oase.toml", extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True
    )

    host: str = Field(
        "127.0.0.1", validation_alias=_named("OASE_HOST"), description="Address the web process listens on."
    )
    port: int = Field(
        8080, ge=0, le=65535, validation_alias=_named("OASE_PORT"), description="TCP port of the web process."
    )
    url: str = Field(
        "",
        validation_alias=_named("OASE_URL"),
        description="Address people use, such as https://help.example.org; empty: http://HOST:PORT, with this machine's own address for 0.0.0.0.",
    )
    data: Path = Field(
        ROOT / "data",
        validation_alias=_named("OASE_DATA"),
        description="Folder of the SQLite file and of what the server makes for itself.",
    )
    recordings: Path = Field(
        ROOT / "recordings", validation_alias=_named("OASE_RECORDINGS"), description="Folder of the recordings."
    )
    database_url: str = Field(
        "",
        validation_alias=_named("DATABASE_URL"),
        description="sqlite+aiosqlite:///file or postgresql+asyncpg://…; empty: SQLite in the data folder.",
    )
    redis_url: str = Field(
        "", validation_alias=_named("REDIS_URL"), description="redis://…; empty: one web process, no Redis."
    )

    media_host: str = Field(
        "",
        validation_alias=_named("OASE_MEDIA_HOST"),
        description="Address the media port listens on, IPv4 or IPv6, several with commas; empty: every address of this machine but link-local ones.",
    )
    media_port: int = Field(
        7882,
        ge=0,
        le=65535,
        validation_alias=_named("OASE_MEDIA_PORT"),
        description="UDP and TCP port of the first media worker; the second has the next number, and so on.",
    )
    media_workers: int = Field(
        0,
        ge=0,
        le=WORKERS_MAX,
        validation_alias=_named("OASE_MEDIA_WORKERS"),
        description="Media workers of this machine, each with a port of its own and at most a core; 0: one for every two cores, at most four.",
    )
    media_number: int = Field(
        0,
        ge=0,
        lt=WORKERS_MAX,
        validation_alias=_named("OASE_MEDIA_NUMBER"),
        description="Which worker `python -m server media` is, counted from 0: its port and its place in OASE_MEDIA_URL follow from it.",
    )
    media_memory_bytes: int = Field(
        2 * 2**30,
        ge=2**28,
        validation_alias=_named("OASE_MEDIA_MEMORY"),
        description="Memory that one media worker may use; one that needs more is started again.",
    )
    media_announce: str = Field(
        "",
        validation_alias=_named("OASE_MEDIA_ANNOUNCE"),
        description="Address browsers send media to, IPv4 or IPv6, where it differs from its own (NAT); several with commas, the best first.",
    )
    media_url: str = Field(
        "",
        validation_alias=_named("OASE_MEDIA_URL"),
        description="Control addresses of media workers started elsewhere (unix:/path or http://host:port), by number, with commas; empty: own ones.",
    )
    media_secret: str = Field(
        "",
        repr=False,
        validation_alias=_named("OASE_MEDIA_SECRET"),
        description="Password of the control addresses, the same here and for the media workers; at least 16 characters; required with http://.",
    )

    turn_urls: str = Field(
        "",
        validation_alias=_named("TURN_URLS"),
        description="TURN server for people whose network lets nothing else through, such as turns:turn.example.org:443; several with commas.",
    )
    turn_secret: str = Field(
        "",
        repr=False,
        validation_alias=_named("TURN_SECRET"),
        description="What the TURN server and Oase share (coturn: static-auth-secret); at least 16 characters; required with TURN_URLS.",
    )

    media_compiled: bool = Field(
        True,
        validation_alias=_named("OASE_MEDIA_COMPILED"),
        description="Forward packets by compiled code where it was built; False: by Python.",
    )

    supervise: bool = Field(
        True,
        validation_alias=_named("OASE_SUPERVISE"),
        description="Start and watch the media workers from the web process.",
    )
    record_reserve_bytes: int = Field(
        256 * 2**20,
        ge=0,
        validation_alias=_named("OASE_RECORD_RESERVE"),
        description="Free space that recordings leave untouched.",
    )
    seats: int = Field(
        8, ge=2, le=16, validation_alias=_named("OASE_SEATS"), description="People on one stage at most."
    )
    link_days: int = Field(
        30, ge=1, validation_alias=_named("OASE_LINK_DAYS"), description="How long a personal link works, in days."
    )
    rate: float = Field(
        1.0,
        ge=0,
        validation_alias=_named("OASE_RATE"),
        description="Factor on all limits of how often one address may call; 0 switches them off.",
    )
    sockets: int = Field(
        1000,
        ge=1,
        validation_alias=_named("OASE_SOCKETS"),
        description="Open pages of one address at most. A company's whole audience may stand behind one.",
    )
    trusted_proxies: str = Field(
        "",
        validation_alias=_named("OASE_TRUSTED_PROXIES"),
        description="Addresses of proxies whose X-Forwarded-* headers count, with commas.",
    )
    embed: str = Field(
        "",
        validation_alias=_named("OASE_EMBED_ORIGINS"),
        description="Sites that may show a broadcast's player in a frame, such as https://www.example.org, with commas; *: all; empty: none.",
    )
    company: str = Field("Oase", validation_alias=_named("OASE_COMPANY"), description="Name shown on every page.")
    logo: Path | None = Field(
        None,
        validation_alias=_named("OASE_LOGO"),
        description="Picture file (PNG) of the logo that is drawn into broadcasts.",
    )
    brand: str = Field(
        "#0f5e5a",
        pattern=COLOUR,
        validation_alias=_named("OASE_BRAND"),
        description="Colour of names and cards in broadcasts, as #rrggbb.",
    )
    brand_text: str = Field(
        "#ffffff",
        pattern=COLOUR,
        validation_alias=_named("OASE_BRAND_TEXT"),
        description="Colour of text on that colour.",
    )
    imprint_url: str = Field("", validation_alias=_named("OASE_IMPRINT_URL"), description="Link of the Impressum.")
    privacy_url: str = Field("", validation_alias=_named("OASE_PRIVACY_URL"), description="Link of the privacy notice.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", validation_alias=_named("OASE_LOG_LEVEL"), description="What is logged."
    )

    @model_validator(mode="after")
    def _http_control_needs_a_secret(self) -> Self:
        is_open = not all(one.startswith("unix:") for one in self.media_controls)
        if is_open and len(self.media_secret) < SECRET_MIN:
            raise ValueError(
                f"OASE_MEDIA_SECRET needs {SECRET_MIN} characters or more when OASE_MEDIA_URL is no unix: address"
            )
        return self

    @model_validator(mode="after")
    def _turn_is_complete(self) -> Self:
        if wrong := [one for one in self.turn_addresses if not is_turn_address(one)]:
            raise ValueError(f"TURN_URLS has no TURN address in {wrong[0]!r}: write turn:HOST:PORT or turns:HOST:PORT")
        if self.turn_urls and len(self.turn_secret) < SECRET_MIN:
            raise ValueError(f"TURN_SECRET needs {SECRET_MIN} characters or more when TURN_URLS is set")
        return self

    @model_validator(mode="after")
    def _ports_and_places_fit(self) -> Self:
        if self.media_number >= len(self.media_controls):
            raise ValueError("OASE_MEDIA_NUMBER counts from 0, and there is no media worker of that number")
        if self.media_port + len(self.media_controls) - 1 > 65535:
            raise ValueError("OASE_MEDIA_PORT is too high for this many media workers")
        return self

    @model_validator(mode="after")
    def _embed_origins_are_origins(self) -> Self:
        wrong = [
            one
            for one in self.embed_origins
            if one != "*" and not re.fullmatch(r"https?://[a-zA-Z0-9.*-]+(:\d{1,5})?", one)
        ]
        if wrong:
            raise ValueError(f"OASE_EMBED_ORIGINS has no site in {wrong[0]!r}: write https://HOST, or *")
        return self

    @property
    def embed_origins(self) -> list[str]:
        """The sites that may frame the player, as CSP writes them."""
        return [part.strip().rstrip("/") for part in self.embed.split(",") if part.strip()]

    @property
    def turn_addresses(self) -> list[str]:
        """The TURN server's addresses, in the order in which browsers are told."""
        return [part.strip() for part in self.turn_urls.split(",") if part.strip()]

    @property
    def public_url(self) -> str:
        """The address people use, without a slash at its end. Who listens everywhere is reached at this machine's own address."""
        from server.lan import own_address  # Loads the whole of `cryptography`; only pages' addresses need it.

        everywhere = self.host in ("", "0.0.0.0", "::")  # noqa: S104
        host = (own_address() or "127.0.0.1") if everywhere else self.host
        return (self.url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite+aiosqlite:///{self.data / 'oase.sqlite'}"

    @property
    def media_controls(self) -> list[str]:
        """Where the control interfaces of all media workers listen, by their numbers."""
        if self.media_url:
            return [one.strip() for one in self.media_url.split(",") if one.strip()]
        count = self.media_workers or max(self.media_number + 1, workers_for(len(os.sched_getaffinity(0))))
        return [f"unix:{self.data / name}" for name in ("media.sock", *(f"media-{n}.sock" for n in range(1, count)))]

    @property
    def starts_media(self) -> bool:
        """Whether the web process starts and watches the media workers."""
        return self.supervise and not self.media_url

    @property
    def media_control(self) -> str:
        """Where this media worker's control interface listens."""
        return self.media_controls[self.media_number]

    @property
    def own_media_port(self) -> int:
        """The port of this media worker; 0 takes a free one."""
        return self.media_port + self.media_number if self.media_port else 0

    def of_worker(self, number: int) -> Self:
        """The same settings for the media worker of this number."""
        return self.model_copy(update={"media_number": number})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def workers_for(cores: int) -> int:
    """How many media workers fit so many cores: the web process, the database and the encoders of recordings need some too."""
    return 1 if cores < 4 else min(cores // 2, WORKERS_BY_ITSELF)


@functools.cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
