"""Enrol one ONVIF camera: identify, replace accounts, clock, hardening, profiles, inventory (design: Provisioning).

Every step is idempotent and leaves its mark on the camera, in the vault or in the database before the next begins; a
provisioner killed anywhere runs the same function again. No picture is asked for: the camera enrolled streams to nobody
until it is in service (P-24).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from vms.clock import Clock
from vms.errors import Refused
from vms.law.lapse import Lapse
from vms.onvif.media2 import Media2
from vms.onvif.soap import AnswerRefused, Credential, SoapFault, WrongCredential
from vms.onvif.territory import Territory
from vms.services import camera_clock, hardening
from vms.services.accounts import FACTORY_ACCOUNTS, AccountSetup
from vms.services.device_session import DeviceSessions, require_transport
from vms.services.identify import Identity, Match, identify
from vms.services.profile_choice import ANY_FRAMING, Choice, Framing, Setting, choose
from vms.services.steps import Steps
from vms.services.stream_certificate import SERVICES_CERTIFICATE, pin
from vms.vault.entry import ADMINISTRATOR, USER, VaultEntry
from vms.vault.files import Vault

PLAN: Final = (
    ("identify", "Identifier"),
    ("accounts", "Remplacer les comptes"),
    ("rights", "Limiter les droits"),
    ("clock", "Régler l’horloge"),
    ("hardening", "Durcir"),
    ("audio", "Couper le son"),
    ("profiles", "Choisir les profils"),
    ("inventory", "Inscrire la caméra"),
)

Compare = Callable[[Identity], Awaitable[Match]]


@dataclass(frozen=True, slots=True)
class EnrolRequest:
    """What to enrol, and under which name; ``account`` is the administrator that a person typed, if any.

    ``new_certificate``: a person has seen that the camera is the one it was, whatever certificate it shows now (A-01).
    """

    camera: str
    address: str
    url: str
    endpoint_reference: str = ""
    account: Credential | None = None
    framing: Framing = ANY_FRAMING
    new_certificate: bool = False


@dataclass(slots=True)
class Enrolled:
    """What enrolment found and set: the camera's row, without any password."""

    identity: Identity
    main_url: str = ""
    sub_url: str = ""
    main_profile: dict[str, Any] = field(default_factory=dict)
    sub_profile: dict[str, Any] = field(default_factory=dict)
    tls: bool = False
    hardened: bool = False
    clock_offset_ms: int = 0
    user: Credential = field(default_factory=lambda: Credential("", ""))


Inscribe = Callable[[Enrolled], Awaitable[str]]


class Enrolment:
    """One enrolment; ``run`` may be called again after a crash at any point."""

    def __init__(
        self,
        request: EnrolRequest,
        *,
        territory: Territory,
        vault: Vault,
        clock: Clock,
        steps: Steps,
        compare: Compare,
        inscribe: Inscribe,
    ) -> None:
        self._request = request
        self._prefix = territory.require(request.address)
        self._vault = vault
        self._clock = clock
        self._steps = steps
        self._compare = compare
        self._inscribe = inscribe
        earlier = vault.read(request.camera)
        kept = earlier.certificate if earlier is not None and not request.new_certificate else ""
        self._session = DeviceSessions(request.url, clock, kept)

    async def run(self) -> Enrolled:
        """Do every step; Refused names the rule that forbids this camera, anything else may be tried again."""
        async with self._steps.step("identify") as step:
            require_transport(self._request.url, self._prefix)
            accounts, administrator, identity = await self._identify()
            named = (identity.manufacturer, identity.model, identity.firmware)
            step["detail"] = " ".join(word for word in named if word)
            step["facts"] = {"mac": identity.mac, "serial": identity.serial}
        enrolled = Enrolled(identity, tls=self._request.url.startswith("https:"))
        async with self._steps.step("accounts") as step:
            entry = await accounts.establish(administrator)
            kept = await accounts.retire_others(entry)
            step["detail"] = "3 comptes au coffre, mot de passe d’usine retiré."
            if kept:
                step["detail"] = (
                    f"3 comptes au coffre ; compte d’usine sous un mot de passe à nous : {', '.join(kept)}."
                )
            entry = self._vault.read(self._request.camera) or entry
        async with self._steps.step("rights") as step:
            await accounts.prove_least_rights(entry)
            step["detail"] = "Le compte de l’enregistreur ne peut rien changer dans la caméra."
        enrolled.user = _credential(entry, USER)
        await self._set_up(enrolled, _credential(entry, ADMINISTRATOR))
        async with self._steps.step("inventory") as step:
            step["detail"] = await self._inscribe(enrolled)
        return enrolled

    async def _identify(self) -> tuple[AccountSetup, Credential, Identity]:
        """Time first (unauthenticated), then an account, then who it is; Refused (O-21) for an impostor."""
        async with self._session(None) as device:
            with suppress(WrongCredential):  # guarded even here: then the account's own session will ask
                self._session.clock_offset_us = (await device.system_time()).utc.us - self._clock.utc().us
            told = await device.endpoint_reference()
        reference = self._request.endpoint_reference or told
        if told != reference and told.startswith("urn:uuid:") and reference.startswith("urn:uuid:"):
            raise _not_the_same("Ce n’est plus l’équipement qui a été trouvé à cette adresse.")
        accounts = AccountSetup(self._session, self._vault, self._request.camera, reference, self._session.certificate)
        given = (self._request.account,) if self._request.account is not None else FACTORY_ACCOUNTS
        administrator = await accounts.sign_in(given)
        async with self._session(administrator) as device:
            identity = await identify(device, reference)
        match = await self._compare(identity)
        if match.verdict in ("impostor", "replaced"):
            raise _not_the_same("Cet équipement se présente comme une caméra connue, ou en a pris l’adresse.")
        if match.verdict == "enrolled" and match.camera is not None and match.camera.id != self._request.camera:
            raise Refused(
                f"Cette caméra est déjà enrôlée : {match.camera.name}.",
                todo="Ouvrez sa fiche ; pour changer ses mots de passe, demandez une rotation.",
                rule="O-21",
            )
        return accounts, administrator, identity

    async def _set_up(self, enrolled: Enrolled, administrator: Credential) -> None:
        async with self._session(administrator) as device:
            async with self._steps.step("clock") as step:
                offset = await camera_clock.measure(device, self._clock)
                if abs(offset.middle_us) > camera_clock.SET_WHEN_OVER_US:
                    offset = await camera_clock.set_right(device, self._clock)
                enrolled.clock_offset_ms = offset.middle_us // 1000
                step["detail"] = f"Écart mesuré : {offset.words()}."
                if offset.wrong:
                    step.update(rule="A-10", todo="La caméra garde une heure fausse : réglez son serveur de temps.")
            async with self._steps.step("hardening") as step:
                hidden = await hardening.hide(device)
                closed = await hardening.close_protocols(device)
                step["detail"] = _hardening_words(hidden, closed)
                step["facts"] = {"hidden": hidden, "open": list(closed.open), "closed": list(closed.closed)}
                enrolled.hardened = hidden and not closed.stubborn
                if not hidden:
                    step.update(rule="O-20", todo="La caméra continue de s’annoncer : coupez la découverte chez elle.")
                elif closed.stubborn:
                    step.update(rule="A-04", todo=f"Coupez dans la caméra : {', '.join(closed.stubborn)}.")
        async with self._session.media(administrator) as media:
            async with self._steps.step("audio") as step:
                noisy = await hardening.silence(media, await media.profiles())
                step["detail"] = "Aucune piste sonore ne sera demandée."
                if noisy:
                    step.update(rule="P-06", todo="Le micro ne se coupe pas par ONVIF : coupez-le dans la caméra.")
            async with self._steps.step("profiles") as step:
                choice = await self._choose_profiles(media)
                enrolled.main_profile, enrolled.sub_profile = _plain(choice.main), _plain(choice.sub)
                enrolled.main_url = await self._stream_url(media, choice.main)
                enrolled.sub_url = await self._stream_url(media, choice.sub) if choice.sub is not None else ""
                await pin(enrolled.main_profile, enrolled.main_url)
                await pin(enrolled.sub_profile, enrolled.sub_url)
                if self._session.certificate:
                    enrolled.main_profile[SERVICES_CERTIFICATE] = self._session.certificate
                step["detail"] = _profile_words(choice)
                if choice.notes:
                    note: Lapse = choice.notes[0]
                    step.update(rule=note.rule, todo=f"{note.what} {note.todo}")

    async def _stream_url(self, media: Media2, setting: Setting) -> str:
        """Encrypted where the prefix is not *maîtrisé* (A-01), as it is where it is."""
        try:
            return await media.stream_url(setting.profile.token, encrypted=not self._prefix.trusted)
        except (SoapFault, AnswerRefused) as error:
            if self._prefix.trusted:
                raise
            raise Refused(
                f"Le préfixe {self._prefix} n’est pas maîtrisé et la caméra n’offre pas de flux chiffré.",
                todo="Activez RTSPS dans la caméra, ou faites déclarer le préfixe maîtrisé.",
                rule="A-01",
            ) from error

    async def _choose_profiles(self, media: Media2) -> Choice:
        """Choose, set what has to be set, and choose again among what the camera then says: read back, not believed."""
        profiles = await media.profiles()
        options = {
            p.encoder.token: await media.options(p.encoder.token, p.token) for p in profiles if p.encoder is not None
        }
        choice = choose(profiles, options, self._request.framing)
        for setting in (choice.main, choice.sub):
            if setting is not None and setting.changes:
                await media.set_encoder(
                    setting.encoder, codec=setting.codec, width=setting.width, height=setting.height, fps=setting.fps
                )
        return choose(await media.profiles(), {}, self._request.framing)


def _not_the_same(what: str) -> Refused:
    return Refused(
        what,
        todo="Rien n’a été modifié. Vérifiez sur place lequel des équipements est le vrai.",
        rule="O-21",
    )


def _credential(entry: VaultEntry, role: str) -> Credential:
    account = entry.account(role)
    return Credential(account.username, account.password)


def _plain(setting: Setting | None) -> dict[str, Any]:
    """A stream's settings as the inventory and the pages hold them."""
    if setting is None:
        return {}
    return {
        "token": setting.profile.token,
        "codec": setting.codec,
        "width": setting.width,
        "height": setting.height,
        "fps": setting.fps,
        "bitrate_kbps": setting.encoder.bitrate_kbps,
    }


def _profile_words(choice: Choice) -> str:
    streams = [("principal", choice.main), ("secondaire", choice.sub)]
    return ", ".join(
        f"flux {name} {s.width} × {s.height} à {s.fps:g} images/s ({s.codec.upper()})" for name, s in streams if s
    )


def _hardening_words(hidden: bool, closed: hardening.Closed) -> str:
    words = ["La caméra ne s’annonce plus."] if hidden else []
    if closed.closed:
        words.append(f"Coupés : {', '.join(closed.closed)}.")
    if closed.open:
        words.append(f"Restent ouverts : {', '.join(closed.open)}.")
    return " ".join(words)
