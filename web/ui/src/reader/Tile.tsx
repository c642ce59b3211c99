import { Trans, useLingui } from "@lingui/react/macro";
import { FileX, History, Unplug } from "lucide-react";
import { type Ref, useEffect, useRef } from "react";
import { formatDate, formatDuration, formatOffset, formatTime } from "../i18n/format";
import type { StepTileState } from "../media/inStep";
import { clockText } from "./instants";
import type { Stream } from "./package/manifest";
import { useCause } from "./useCause";

const REFRESH_MS = 40;

interface TileProps {
  stream: Stream;
  number: number;
  commune: string;
  selected: boolean;
  altered: boolean;
  state: StepTileState | undefined;
  us: number;
  readUs: () => number | undefined;
  onSelect: () => void;
  canvas: Ref<HTMLCanvasElement>;
}

/** One camera: its picture, and beside it which camera, where, the date and the time. */
export function Tile({
  stream,
  number,
  commune,
  selected,
  altered,
  state,
  us,
  readUs,
  onSelect,
  canvas,
}: TileProps) {
  const { t } = useLingui();
  const kind = state?.phase.kind;
  const hasPicture = kind === "ready" && state?.showing !== "absent";
  return (
    <article
      className={`tile${selected ? " sel" : ""}${altered ? " lost" : ""}`}
      aria-label={t`Caméra ${number}, ${stream.name}`}
    >
      <header>
        <button type="button" className="tile-name" aria-pressed={selected} onClick={onSelect}>
          <span className="no">{number}</span>
          <b>{stream.name}</b>
        </button>
        {altered ? (
          <span className="st st-danger">
            <Trans>Paquet altéré</Trans>
          </span>
        ) : hasPicture ? (
          <span className="st st-info hide-s">
            <History className="ic" aria-hidden />
            <Trans>Enregistrement</Trans>
          </span>
        ) : (
          <span className="st st-danger">
            <Unplug className="ic" aria-hidden />
            <Trans>Absence</Trans>
          </span>
        )}
      </header>
      <div className="pic">
        <canvas
          ref={canvas}
          hidden={!hasPicture}
          role="img"
          aria-label={t`Image enregistrée, ${stream.name}`}
        />
        {hasPicture ? null : kind === "unplayable" ? (
          <Unplayable stream={stream} />
        ) : (
          <Absent stream={stream} us={us} />
        )}
      </div>
      <footer>
        <span>
          {commune}
          {stream.place === "" ? null : ` · ${stream.place}`}
          <span className="hide-s"> · {stream.camera}</span>
        </span>
        {hasPicture ? <PictureClock readUs={readUs} /> : null}
      </footer>
    </article>
  );
}

/** Date, time and offset of the picture on screen, written without rendering the page again. */
function PictureClock({ readUs }: { readUs: () => number | undefined }) {
  const element = useRef<HTMLTimeElement>(null);
  useEffect(() => {
    const write = (): void => {
      const us = readUs();
      const shown = element.current;
      if (shown === null || us === undefined) return;
      const text = `${formatDate(us)} ${clockText(us)} ${formatOffset(us)}`;
      if (shown.textContent === text) return;
      shown.textContent = text;
      shown.dateTime = new Date(us / 1000).toISOString();
    };
    write();
    const timer = window.setInterval(write, REFRESH_MS);
    return () => window.clearInterval(timer);
  }, [readUs]);
  return <time ref={element} />;
}

/** No picture exists at this instant: why, from when to when, and when the camera is in step again. */
function Absent({ stream, us }: { stream: Stream; us: number }) {
  const words = useCause();
  const absence = stream.absences.find((each) => us >= each.fromUs && us < each.toUs);
  const next = stream.videos.find((each) => each.fromUs > us);
  const inTime = next === undefined ? "" : formatDuration(next.fromUs - us);
  const cause = absence === undefined ? "" : words(absence.cause);
  const [from, to] =
    absence === undefined ? ["", ""] : [formatTime(absence.fromUs, true), formatTime(absence.toUs, true)];
  return (
    <div className="none">
      <Unplug className="ic c-danger" aria-hidden />
      <b>
        <Trans>Pas d’image à cet instant</Trans>
      </b>
      <p className="cap dim">
        {absence === undefined ? null : (
          <Trans>
            Cause : {cause}, de {from} à {to}.
          </Trans>
        )}{" "}
        {next === undefined ? null : <Trans>Reprend dans {inTime}.</Trans>}
      </p>
    </div>
  );
}

function Unplayable({ stream }: { stream: Stream }) {
  const codec = stream.videos[0]?.codec ?? "";
  const path = stream.videos[0]?.path ?? "";
  return (
    <div className="none">
      <FileX className="ic" aria-hidden />
      <b>
        <Trans>Format non lisible dans ce navigateur</Trans>
      </b>
      <p className="cap dim">
        <Trans>
          Le format est {codec}. La vérification reste entière ; décompressez {path} et ouvrez-le avec un
          autre logiciel.
        </Trans>
      </p>
    </div>
  );
}
