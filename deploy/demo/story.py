"""``vms demo --story DIR``: a requisition from its registration to its receipt, by each role, through the public API.

The town-hall secretary registers; the footage is held at once; the mayor reads and decides; the officer extracts,
downloads, opens and hands over; the auditor takes the journal away. What a court and a controller would get is left in
DIR, and can be checked there without anything running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from deploy.admin.api_client import ApiClient
from deploy.demo.ready import live_fragment
from deploy.demo.story_page import open_package, replayed_groups
from deploy.demo.story_plot import Plot
from deploy.demo.story_steps import Step, Told, expect
from deploy.demo.town import ACCOUNTS, PASSWORD
from vms.clock import MICRO, UtcTime
from vms.errors import GuetError, Refused, StepUpNeeded, Unavailable
from vms.evidence.container import Container
from vms.evidence.manifest import MANIFEST_FILE, MANIFEST_LIMIT_BYTES, Manifest
from vms.evidence.verify import verify_package
from vms.keeper.proof.audit import verify_log
from vms.keeper.proof.export import Read, export_log
from web.reader import READER_NAME, reader_page

PURPOSE: Final = "5"
POLL_S: Final = 0.5
RECORD_SLACK_S: Final = 90.0
# A story is over by then, however slow the machine.
LOOK_LIMIT_S: Final = 86_400
EXTRACT_LIMIT_S: Final = 300.0
PROCEDURE: Final = "PV-2026-00417"
FIELDS: Final = {
    "authority": "Commissariat de la Brume",
    "officer_name": "OPJ de démonstration",
    "officer_number": "000417",
    "unit": "Brigade de sûreté urbaine",
    "procedure_number": PROCEDURE,
    "offence": "Vol à l’étalage",
}
# A small commune has no secretary or police of its own: an elected person does each step that they would (design §7).
STAND_IN: Final = {"secretary": "deputy", "officer": "deputy"}


class Story:
    """The story being played: its people signed in, its camera, range and request."""

    def __init__(self, told: Told, plot: Plot, url: str, begun: UtcTime) -> None:
        """``begun`` is when the demonstration was started: its first pictures come after."""
        self._told, self._plot, self._url, self._begun = told, plot, url, begun
        self._clients: dict[str, ApiClient] = {}
        self._from_us = self._to_us = 0
        self._request = self._vkey = ""

    async def play(self) -> None:
        """Every step, in order; the first that fails ends it."""
        try:
            await self._watch()
            await self._record()
            await self._register()
            await self._too_early()
            await self._decide()
            await self._extract()
            await self._download()
            await self._verify()
            await self._receive()
            await self._journal()
        finally:
            for client in self._clients.values():
                await client.close()

    def _role(self, role: str) -> str:
        """The role that does this part here."""
        roles = {one.role for one in ACCOUNTS if self._plot.commune in one.communes}
        return role if role in roles else STAND_IN[role]

    async def _as(self, role: str) -> ApiClient:
        """The client of whoever has that role, signed in and acting for the commune, for a purpose and a motive."""
        role = self._role(role)
        if role not in self._clients:
            account = next(one for one in ACCOUNTS if one.role == role and self._plot.commune in one.communes)
            client = self._clients[role] = ApiClient(self._url)
            await client.sign_in(account.login, PASSWORD)
            acting = {"commune": self._plot.commune, "purpose": PURPOSE, "motive": f"réquisition {PROCEDURE}"}
            await client.post("/session/act", acting)
        return self._clients[role]

    def _step(self, name: str, role: str) -> AbstractContextManager[Step]:
        return self._told.step(name, self._role(role))

    async def _watch(self) -> None:
        """Live for who may see; the secretary, who sees no image, is refused by name of the rule (P-74)."""
        camera = self._plot.camera
        with self._step("watch", "officer") as step:
            fragment = await live_fragment(await self._as("officer"), camera)
            expect(bool(fragment), "Le direct n’a rien montré.", where=camera)
            step.detail = f"{camera}, {len(fragment)} octets"
        if self._role("secretary") == "secretary":
            with self._step("watch-refused", "secretary") as step:
                secretary = await self._as("secretary")
                step.detail = await _refused(live_fragment(secretary, camera))

    async def _record(self) -> None:
        """Wait until the range is recorded, then see it again as the replay page does."""
        with self._step("record", "officer") as step:
            officer, camera = await self._as("officer"), self._plot.camera
            first = await self._recorded_past(officer, self._begun.us, RECORD_SLACK_S)
            self._from_us = first["from_us"] + round(self._plot.from_s * MICRO)
            self._to_us = first["from_us"] + round(self._plot.to_s * MICRO)
            await self._recorded_past(officer, self._to_us, self._plot.to_s + RECORD_SLACK_S)
            step.detail = f"{camera}, {UtcTime(self._from_us).iso()} à {UtcTime(self._to_us).iso()}"
        with self._step("replay", "officer") as step:
            end_us = min(self._to_us, self._from_us + 300 * MICRO)
            count = await replayed_groups(officer, camera, self._from_us, end_us)
            expect(count > 0, "Rien de la plage ne s’ouvre.", where=camera)
            step.detail = f"{count} groupes d’images ouverts"

    async def _recorded_past(self, client: ApiClient, at_us: int, within_s: float) -> dict[str, int]:
        """The first span recorded since the start, once there are pictures after ``at_us``."""
        camera, begun_us = self._plot.camera, self._begun.us
        to_us = begun_us + LOOK_LIMIT_S * MICRO
        for _ in range(int(within_s / POLL_S)):
            found = await client.get(f"/cameras/{camera}/timeline", stream="main", from_us=begun_us, to_us=to_us)
            spans: list[dict[str, int]] = found["recorded"]
            if spans and spans[-1]["to_us"] > at_us:
                return spans[0]
            await asyncio.sleep(POLL_S)
        raise Unavailable("La plage n’a pas été enregistrée à temps.", where=camera)

    async def _register(self) -> None:
        """The requisition with all that its legal frame asks for; its range is held at once (P-34)."""
        with self._step("register", "secretary") as step:
            secretary = await self._as("secretary")
            body = {
                "frame": "flagrance",
                "fields": FIELDS,
                "cameras": [self._plot.camera],
                "from_us": self._from_us,
                "to_us": self._to_us,
                "motive": "vol signalé par un commerçant",
            }
            made = await secretary.post(f"/communes/{self._plot.commune}/requests", body)
            self._request = made["request"]
            hold = (await self._asked(secretary))["hold_detail"]
            expect(hold is not None and hold["provisional"] and hold["active"], "La plage n’est pas gelée.")
            step.detail = f"{self._request}, gel provisoire jusqu’au {UtcTime(made['hold_until_us']).iso()}"

    async def _too_early(self) -> None:
        """Nothing leaves before the decision, and no decision without the password given again."""
        with self._step("extract-refused", "officer") as step:
            officer = await self._as("officer")
            await officer.post("/session/step-up", {"password": PASSWORD})
            step.detail = await _refused(officer.post(f"/requests/{self._request}/extract"))
        with self._step("decide-needs-step-up", "mayor") as step:
            mayor = await self._as("mayor")
            try:
                await mayor.post(f"/requests/{self._request}/decision", {"decision": "execute"})
            except StepUpNeeded as error:
                step.detail = error.what
            else:
                expect(False, "La décision n’a pas redemandé le mot de passe.")

    async def _decide(self) -> None:
        """The mayor reads what is asked and decides; the hold becomes the procedure's (P-74)."""
        with self._step("decide", "mayor") as step:
            mayor = await self._as("mayor")
            listed = (await mayor.get(f"/communes/{self._plot.commune}/requests"))["requests"]
            expect(any(one["id"] == self._request for one in listed), "La demande n’est pas dans la liste.")
            read = await self._asked(mayor)
            expect(read["procedure_number"] == PROCEDURE, "La demande lue n’est pas celle qui a été enregistrée.")
            await mayor.post("/session/step-up", {"password": PASSWORD})
            made = await mayor.post(f"/requests/{self._request}/decision", {"decision": "execute"})
            hold = (await self._asked(mayor))["hold_detail"]
            expect(made["state"] == "approved" and not hold["provisional"], "La décision n’a pas eu son effet.")
            step.detail = f"{self._request} : exécuter, entrée {made['journal']} du journal"

    async def _extract(self) -> None:
        """Started with the password given again, followed until the package is there."""
        with self._step("extract", "officer") as step:
            officer = await self._as("officer")
            await officer.post("/session/step-up", {"password": PASSWORD})
            await officer.post(f"/requests/{self._request}/extract")
            for _ in range(int(EXTRACT_LIMIT_S / POLL_S)):
                package = (await self._asked(officer))["package"]
                progress = package["progress"]
                if progress["status"] == "failed":
                    raise GuetError.from_dict(progress["error"])
                if progress["status"] == "done":
                    break
                await asyncio.sleep(POLL_S)
            else:
                raise Unavailable("L’extraction n’a pas abouti dans son délai.", where=self._request)
            step.detail = f"{progress['done']} sur {progress['total']}, {package['bytes']} octets"

    async def _download(self) -> None:
        """The sealed package, opened here as the agent's browser does; its video taken out."""
        with self._step("download", "officer") as step:
            path = await open_package(await self._as("officer"), self._request, self._told.folder)
            self._told.proofs["package"] = path
            with path.open("rb") as file:
                container = Container(file)
                manifest = Manifest.parse(container.read(MANIFEST_FILE, MANIFEST_LIMIT_BYTES))
                videos = [video for stream in manifest.streams for video in stream.videos]
                expect(bool(videos), "Le paquet ne porte aucune vidéo.", where=path.name)
                longest = max(videos, key=lambda video: video.to_us - video.from_us)
                video = self._told.folder / Path(longest.path).name
                with video.open("wb") as out:
                    out.writelines(container.stream(longest.path))
            self._told.proofs["video"] = video
            reader = self._told.folder / READER_NAME
            await asyncio.to_thread(reader.write_bytes, reader_page())
            self._told.proofs["reader"] = reader
            step.detail = f"{path.name}, {len(videos)} vidéo(s), {longest.pictures} images dans {video.name}"

    async def _verify(self) -> None:
        """Offline, against the key that the commune publishes; without it the signer is unknown, never damaged."""
        with self._step("verify", "officer") as step:
            officer = await self._as("officer")
            self._vkey = (await officer.get(f"/communes/{self._plot.commune}/journal/checkpoint"))["vkey"]
            path = self._told.folder / "signer.vkey"
            path.write_text(self._vkey + "\n", encoding="utf-8")
            report = verify_package(self._told.proofs["package"], self._vkey)
            expect(report.verdict == "authentic", report.text(), where="package")
            unknown = verify_package(self._told.proofs["package"])
            expect(unknown.verdict == "intact, signer unknown", unknown.text(), where="package")
            step.detail = f"{report.verdict}, {len(report.checks)} vérifications"

    async def _receive(self) -> None:
        """The hand-over against a receipt: the hold ends, our copy has its date (P-33)."""
        with self._step("receipt", "officer") as step:
            officer = await self._as("officer")
            await officer.post("/session/step-up", {"password": PASSWORD})
            receipt = {"recipient": "OPJ, brigade de sûreté urbaine", "medium": "clé USB scellée"}
            made = await officer.post(f"/requests/{self._request}/receipt", receipt)
            after = await self._asked(officer)
            expect(after["state"] == "received" and not after["hold_detail"]["active"], "La remise est sans effet.")
            step.detail = f"copie détruite le {UtcTime(made['purge_us']).iso()}"

    async def _journal(self) -> None:
        """The auditor takes the journal away and checks it: all that was done is in it (E-01, P-40)."""
        with self._step("journal", "auditor") as step:
            auditor, folder = await self._as("auditor"), self._told.folder / "journal"
            await export_log(_reads(auditor, self._plot.commune), folder)
            self._told.proofs["journal"] = folder
            report = verify_log(folder, self._vkey)
            expect(report.ok, "; ".join(f"{one.where} : {one.what}" for one in report.faults), where="journal")
            seen = (await auditor.get(f"/communes/{self._plot.commune}/journal", limit=200))["entries"]
            acts = {one["record"]["act"] for one in seen if one["record"]}
            missing = {"register_request", "decide", "export", "record_package", "receive_package"} - acts
            expect(not missing, f"Le journal n’a pas : {', '.join(sorted(missing))}.", where="journal")
            step.detail = f"{report.logs[0].size} entrées vérifiées"

    async def _asked(self, client: ApiClient) -> dict[str, Any]:
        found: dict[str, Any] = await client.get(f"/requests/{self._request}")
        return found


async def _refused(asked: Awaitable[object]) -> str:
    """The rule and the words of the refusal that must come."""
    try:
        await asked
    except Refused as error:
        expect(bool(error.rule), "Le refus ne nomme pas sa règle.")
        return f"{error.rule} : {error.what}"
    raise GuetError("Ce qui devait être refusé ne l’a pas été.", where="story")


def _reads(auditor: ApiClient, commune: str) -> Read:
    """The keeper's journal reads by their names, over the public API."""
    base = f"/communes/{commune}/journal"

    async def read(name: str, args: dict[str, Any]) -> dict[str, Any]:
        if name == "journal_checkpoint":
            path, query = "/checkpoint", {}
        elif name == "journal_records":
            path, query = f"/records/{args['index']}", {"log": args["log"]}
        elif args["level"] == "entries":
            path, query = "/tile/entries", {"log": args["log"], "n": args["index"]}
        else:
            path, query = "/tile/hashes", {"log": args["log"], "n": args["index"], "level": args["level"]}
        found: dict[str, Any] = await auditor.get(base + path, **query)
        return found

    return read
