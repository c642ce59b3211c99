import { Trans, useLingui } from "@lingui/react/macro";
import { ShieldX } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { formatDuration, formatTime, US_PER_S } from "../i18n/format";
import { STEP_CAMERAS_MAX } from "../media/inStep";
import { type Points, withPoint } from "../room/replay/selection";
import { follow, LONGEST_US, zoom } from "../timeline/timelineView";
import { instantText } from "./instants";
import { Lanes, Legend } from "./Lanes";
import { PackagePanel } from "./PackagePanel";
import type { Span, Stream } from "./package/manifest";
import { type Report, verdictOf } from "./package/report";
import type { Opened } from "./package/verify";
import { SavePanel } from "./SavePanel";
import { SearchPanel } from "./SearchPanel";
import { handOver, nameInstant, savedPicture } from "./save/png";
import { pictureProvenance } from "./save/provenance";
import { Tile } from "./Tile";
import { Transport } from "./Transport";
import { useKeys } from "./useKeys";
import { keyOf, usePlayer } from "./usePlayer";
import { VerdictBand } from "./VerdictBand";
import { VerificationDialog } from "./VerificationDialog";

interface WatchProps {
  opened: Opened;
  report: Report;
  keys: readonly string[];
  onKey: (key: string) => void;
  letters: boolean;
  onHelp: () => void;
}

/** An open package: pictures, verdict, search, saving, the time of every camera. */
export function WatchPage({ opened, report, keys, onKey, letters, onHelp }: WatchProps) {
  const { t, i18n } = useLingui();
  const { container, manifest } = opened;
  const all = manifest.streams;
  const whole = useMemo(() => wholeOf(all), [all]);
  const [shown, setShown] = useState<readonly number[]>(() =>
    all.map((_, at) => at).slice(0, STEP_CAMERAS_MAX),
  );
  const [selected, setSelected] = useState(0);
  const [enlarged, setEnlarged] = useState(false);
  const streams = useMemo(() => {
    const wanted = enlarged ? [selected] : shown;
    return wanted.flatMap((at) => all[at] ?? []);
  }, [all, shown, selected, enlarged]);
  const { canvases, player, snapshot, us } = usePlayer(container, streams, firstOf(all));
  const [view, setView] = useState<Span>(whole);
  const [points, setPoints] = useState<Points>({ inUs: undefined, outUs: undefined });
  const [details, setDetails] = useState(false);
  const [saved, setSaved] = useState("");
  const [accepted, setAccepted] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const altered = verdictOf(report) === "altered";
  const covered = altered && !accepted;
  useEffect(() => {
    if (covered) player?.pause();
  }, [covered, player]);
  useEffect(() => setView((now) => (us >= now.toUs ? follow(now, us) : now)), [us]);
  const seek = useCallback(
    (to: number) => {
      const within = Math.min(whole.toUs - 1, Math.max(whole.fromUs, Math.round(to)));
      player?.seek(within);
      setView((now) => follow(now, within));
    },
    [player, whole],
  );
  const select = (at: number): void => {
    if (all[at] === undefined) return;
    setSelected(at);
    setShown((now) =>
      now.includes(at) ? now : [...now.slice(0, STEP_CAMERAS_MAX - 1), at].sort((a, b) => a - b),
    );
  };
  const stream = all[selected] ?? all[0];
  const still = async (): Promise<void> => {
    const at = stream === undefined ? -1 : streams.indexOf(stream);
    const shownUs = player?.shownUs(at);
    const canvas = stream === undefined ? undefined : canvases.current.get(keyOf(stream));
    if (stream === undefined || shownUs === undefined || canvas === undefined || covered) {
      setSaved(t`Aucune image de cette caméra n’est affichée.`);
      return;
    }
    const text = pictureProvenance(i18n, { manifest, report }, stream, shownUs);
    const picture = await savedPicture(canvas, text);
    if (picture === undefined) {
      setSaved(t`Ce navigateur n’a pas donné l’image.`);
      return;
    }
    const name = `${keyOf(stream)}.${nameInstant(shownUs)}.png`;
    handOver(picture, name);
    setSaved(t`Image remise à votre navigateur : ${name}`);
  };
  const setPoint = (which: "inUs" | "outUs"): void =>
    setPoints((now) => withPoint(now, which, Math.round(player?.positionUs ?? us)));
  const onZoom = (factor: number): void => setView(zoom(view, us, factor));
  const toAbsence = (direction: 1 | -1): void => {
    const starts = streams
      .flatMap((each) => each.absences.map((absence) => absence.fromUs))
      .sort((a, b) => a - b);
    const to =
      direction > 0 ? starts.find((each) => each > us) : starts.findLast((each) => each < us - US_PER_S);
    if (to !== undefined) seek(to);
  };
  useKeys(
    {
      player: covered ? undefined : player,
      rate: snapshot.rate,
      playing: snapshot.playing,
      letters,
      seek,
      setIn: () => setPoint("inUs"),
      setOut: () => setPoint("outUs"),
      goLive: () => {},
      goTo: () => search.current?.select(),
      help: onHelp,
      zoom: onZoom,
      toEdge: (edge) => seek(edge === "first" ? firstOf(streams) : lastOf(streams)),
    },
    {
      still: () => void still(),
      verification: () => setDetails(true),
      enlarge: () => setEnlarged((now) => !now),
      select,
    },
  );
  const notice = useNotice(snapshot.notice);
  if (stream === undefined) return <Empty report={report} />;
  return (
    <main className="watch" id="contenu">
      <VerdictBand report={report} onDetails={() => setDetails(true)} />
      <div className="stage">
        <div className={`grid-${Math.min(streams.length, STEP_CAMERAS_MAX)} tiles`} hidden={covered}>
          {streams.map((each, at) => (
            <Tile
              key={keyOf(each)}
              stream={each}
              number={all.indexOf(each) + 1}
              commune={manifest.commune.name}
              selected={each === stream && streams.length > 1}
              altered={altered}
              state={snapshot.tiles[at]}
              us={us}
              readUs={() => player?.shownUs(at)}
              onSelect={() => select(all.indexOf(each))}
              canvas={(element) => {
                if (element !== null) canvases.current.set(keyOf(each), element);
              }}
            />
          ))}
        </div>
        {covered ? <Cover onAccept={() => setAccepted(true)} /> : null}
        {notice === "" ? null : <p className="jump">{notice}</p>}
      </div>
      <p className="vh" role="status">
        {notice}
      </p>
      <section className="side" aria-label={t`Chercher et enregistrer`}>
        <SearchPanel
          streams={all}
          selected={selected}
          us={firstOf(all)}
          dateField={search}
          onSelect={select}
          onGo={seek}
        />
        {all.length > 1 ? <Shown all={all} shown={shown} onShown={setShown} /> : null}
        <SavePanel
          container={container}
          stream={stream}
          origin={{ manifest, report }}
          points={points}
          onMark={setPoint}
          onStill={() => void still()}
          saved={saved}
        />
        <PackagePanel manifest={manifest} onGo={seek} />
      </section>
      <Transport
        player={covered ? undefined : player}
        snapshot={snapshot}
        us={us}
        onAbsence={toAbsence}
        onZoom={onZoom}
        onStill={() => void still()}
      />
      <section className="lines" aria-label={t`Frise chronologique`}>
        <Lanes streams={streams} view={view} onView={setView} us={us} onSeek={seek} marks={points} />
        <div className="lines-foot">
          <Legend />
          <Hints />
        </div>
      </section>
      {details ? (
        <VerificationDialog report={report} keys={keys} onKey={onKey} onClose={() => setDetails(false)} />
      ) : null}
    </main>
  );
}

function wholeOf(streams: readonly Stream[]): Span {
  const fromUs = Math.min(
    ...streams.map((each) => Math.min(each.fromUs, each.videos[0]?.fromUs ?? each.fromUs)),
  );
  const toUs = Math.max(...streams.map((each) => Math.max(each.toUs, each.videos.at(-1)?.toUs ?? each.toUs)));
  return streams.length === 0
    ? { fromUs: 0, toUs: 1 }
    : { fromUs, toUs: Math.min(toUs, fromUs + LONGEST_US) };
}

/** The first picture of all, or where the range begins. */
function firstOf(streams: readonly Stream[]): number {
  const firsts = streams.flatMap((each) => each.videos[0]?.fromUs ?? []);
  return firsts.length > 0 ? Math.min(...firsts) : (streams[0]?.fromUs ?? 0);
}

function lastOf(streams: readonly Stream[]): number {
  return Math.max(0, ...streams.flatMap((each) => each.videos.at(-1)?.toUs ?? [])) - 1;
}

const NOTICE_MS = 8_000;
const SHORTEST_SAID_US = US_PER_S;

/** What just happened, in a sentence that stays a while. */
function useNotice(notice: ReturnType<typeof usePlayer>["snapshot"]["notice"]): string {
  const { t } = useLingui();
  const [gone, setGone] = useState(0);
  const serial = notice?.serial ?? 0;
  useEffect(() => {
    if (serial === 0) return undefined;
    const timer = window.setTimeout(() => setGone(serial), NOTICE_MS);
    return () => window.clearTimeout(timer);
  }, [serial]);
  if (notice === undefined || gone === notice.serial) return "";
  if (notice.kind === "end") {
    const at = formatTime(notice.atUs, true);
    return t`Fin des images à ${at}.`;
  }
  const length = formatDuration(Math.max(SHORTEST_SAID_US, Math.abs(notice.toUs - notice.fromUs)));
  const to = formatTime(notice.toUs, true);
  return notice.kind === "damaged"
    ? t`${length} illisibles jusqu’à ${to}.`
    : t`Absence de ${length} sautée, reprise à ${to}.`;
}

/** Over altered pictures: they are shown only to a person who wants to see what was altered. */
function Cover({ onAccept }: { onAccept: () => void }) {
  return (
    <div className="none cover">
      <ShieldX className="ic c-danger" aria-hidden />
      <b>
        <Trans>Ce paquet a été altéré</Trans>
      </b>
      <p className="dim">
        <Trans>Ses images ne font pas foi. Le détail de la vérification dit ce qui a changé, et où.</Trans>
      </p>
      <button type="button" className="btn btn-s" onClick={onAccept}>
        <Trans>Voir quand même ces images</Trans>
      </button>
    </div>
  );
}

function Empty({ report }: { report: Report }) {
  return (
    <main className="welcome" id="contenu">
      <VerdictBand report={report} onDetails={() => {}} />
      <p>
        <Trans>Ce paquet ne porte aucune caméra.</Trans>
      </p>
    </main>
  );
}

interface ShownProps {
  all: readonly Stream[];
  shown: readonly number[];
  onShown: (shown: readonly number[]) => void;
}

/** Which cameras are shown in step. */
function Shown({ all, shown, onShown }: ShownProps) {
  const full = shown.length >= STEP_CAMERAS_MAX;
  return (
    <section className="stack-s">
      <h2>
        <Trans>Caméras au pas</Trans>
      </h2>
      {all.map((stream, at) => {
        const isShown = shown.includes(at);
        return (
          <label key={keyOf(stream)} className="check small">
            <input
              type="checkbox"
              checked={isShown}
              disabled={isShown ? shown.length === 1 : full}
              onChange={() =>
                onShown(isShown ? shown.filter((each) => each !== at) : [...shown, at].sort((a, b) => a - b))
              }
            />
            <span title={instantText(stream.fromUs)}>
              {at + 1} {stream.name}
            </span>
          </label>
        );
      })}
    </section>
  );
}

/** The keys that matter most, in sight. */
function Hints() {
  const { t } = useLingui();
  const rows: [string[], string][] = [
    [[t`Espace`], t`lecture, arrêt`],
    [["J", "L"], t`à rebours, en avant`],
    [[",", "."], t`image par image`],
    [["←", "→"], t`1 s`],
    [["I", "O"], t`entrée, sortie`],
    [["S"], t`enregistrer l’image`],
    [["?"], t`toutes les touches`],
  ];
  return (
    <ul className="hints" aria-label={t`Touches principales`}>
      {rows.map(([keys, word]) => (
        <li key={word}>
          {keys.map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}
          {word}
        </li>
      ))}
    </ul>
  );
}
