import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import { useState } from "react";
import { type Camera, type Incident, incidentsQuery } from "../api/cameras";
import { formatDuration } from "../i18n/format";
import { cameraNumber } from "../pages/cameras/words";
import { buttonClass, RuleTag, type StateName, StateTag, useNow } from "../parts";
import { ServerWords } from "../parts/ServerWords";
import { useRole } from "../session/SessionContext";

const BEFORE_US = 10_000_000;

/** A camera of this commune that shows no live picture, and the word for why. */
export interface Quiet {
  camera: Camera;
  state: StateName;
  word: string;
}

function severityState(severity: string): StateName {
  if (severity === "grave") return "grave";
  return severity === "warn" ? "warning" : "received";
}

/** Open incidents of the commune, and the cameras that are not live. It never takes the focus nor moves the wall. */
export function Alarms({
  commune,
  cameras,
  quiet,
}: {
  commune: string;
  cameras: readonly Camera[];
  quiet: readonly Quiet[];
}) {
  const { t } = useLingui();
  const query = useQuery({ ...incidentsQuery(commune), refetchInterval: 10_000 });
  const open = (query.data ?? []).filter((incident) => incident.closed_us === null);
  const [shown, setShown] = useState<"open" | "quiet">("open");
  const list = query.isError ? "quiet" : shown;
  return (
    <aside className="alarms" aria-labelledby="alarms-title">
      <header>
        <h2 id="alarms-title">
          <Trans>Alarmes</Trans>
        </h2>
        {open.length > 0 ? (
          <StateTag state="grave">
            <Plural value={open.length} one="# ouverte" other="# ouvertes" />
          </StateTag>
        ) : null}
      </header>
      <fieldset className="f" aria-label={t`Choisir la liste`}>
        <Chip on={list === "open"} onClick={() => setShown("open")}>
          <Trans>Ouvertes {open.length}</Trans>
        </Chip>
        <Chip on={list === "quiet"} onClick={() => setShown("quiet")}>
          <Trans>Sans direct {quiet.length}</Trans>
        </Chip>
      </fieldset>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls is reached by keyboard */}
      <ol tabIndex={0} aria-label={list === "open" ? t`Alarmes ouvertes` : t`Caméras sans direct`}>
        {list === "open"
          ? open.map((incident) => <IncidentRow key={incident.id} incident={incident} cameras={cameras} />)
          : quiet.map((each) => <QuietRow key={each.camera.id} quiet={each} />)}
        {(list === "open" ? open.length : quiet.length) === 0 ? <Calm list={list} /> : null}
      </ol>
      <LatestAlarm incident={open[0]} cameras={cameras} />
    </aside>
  );
}

function Chip({ on, onClick, children }: { on: boolean; onClick: () => void; children: React.ReactNode }) {
  return (
    <button className={on ? "chip chip-on" : "chip"} type="button" aria-pressed={on} onClick={onClick}>
      {children}
    </button>
  );
}

function Calm({ list }: { list: "open" | "quiet" }) {
  return (
    <li className="calm">
      <CircleCheck className="ic c-ok" aria-hidden />
      <p>
        {list === "open" ? (
          <Trans>Aucune alarme ouverte.</Trans>
        ) : (
          <Trans>Toutes les caméras sont en direct.</Trans>
        )}
      </p>
    </li>
  );
}

function useCameraLine(cameras: readonly Camera[], id: string): string {
  const camera = cameras.find((each) => each.id === id);
  return camera === undefined ? id : `${cameraNumber(camera)} ${camera.name}`;
}

function IncidentRow({ incident, cameras }: { incident: Incident; cameras: readonly Camera[] }) {
  const now = useNow(10_000);
  const line = useCameraLine(cameras, incident.camera);
  const mayReplay = useRole("officer", "chief", "mayor", "deputy");
  const atUs = incident.opened_us - BEFORE_US;
  return (
    <li
      className={incident.severity === "grave" ? "new" : incident.severity === "warn" ? "new-w" : undefined}
    >
      <div className="row row-between">
        <StateTag state={severityState(incident.severity)}>
          {incident.severity === "grave" ? null : incident.severity === "warn" ? (
            <Trans>À traiter</Trans>
          ) : (
            <Trans>Information</Trans>
          )}
        </StateTag>
        <span className="cap dim">{formatDuration(Math.max(0, now - incident.opened_us))}</span>
      </div>
      <h3>
        <ServerWords what={incident.what} />
      </h3>
      {line === "" ? null : <p className="cap dim">{line}</p>}
      {incident.todo || incident.rule ? (
        <p className="cap">
          <ServerWords todo={incident.todo} /> <RuleTag rule={incident.rule} />
        </p>
      ) : null}
      {mayReplay && incident.camera && !incident.kind.startsWith("mask") ? (
        <div className="acts">
          <Link
            className={buttonClass({ size: "s" })}
            to="/relecture"
            search={{ camera: incident.camera, t: atUs } as never}
          >
            <Trans>Revoir à −10 s</Trans>
          </Link>
        </div>
      ) : null}
    </li>
  );
}

function QuietRow({ quiet }: { quiet: Quiet }) {
  const number = cameraNumber(quiet.camera);
  return (
    <li>
      <div className="row row-between">
        <StateTag state={quiet.state}>{quiet.word}</StateTag>
      </div>
      <h3>
        {number} {quiet.camera.name}
      </h3>
      <p className="cap dim">{quiet.camera.place}</p>
    </li>
  );
}

/** Says a new alarm politely: what and where, once, without touching the focus. */
function LatestAlarm({ incident, cameras }: { incident: Incident | undefined; cameras: readonly Camera[] }) {
  const line = useCameraLine(cameras, incident?.camera ?? "");
  return (
    <p className="vh" role="status">
      {incident === undefined ? null : (
        <Trans>
          Alarme : <ServerWords what={incident.what} /> {line}
        </Trans>
      )}
    </p>
  );
}
