import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { History } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Camera } from "../../api/cameras";
import { formatDuration, formatOffset, formatTime, nowUs, US_PER_S } from "../../i18n/format";
import type { Quality } from "../../media/liveState";
import { SPEEDS } from "../../media/replayState";
import { cameraNumber } from "../../pages/cameras/words";
import { Button, Refusal } from "../../parts";
import { useActing, useSession, useSessionAlive } from "../../session/SessionContext";
import { MotiveChip } from "../../shell/TopBar";
import { Patterns } from "../../timeline/Patterns";
import { type Stretch, timelineQuery } from "../../timeline/timelineApi";
import { contains, follow, viewAround, zoom } from "../../timeline/timelineView";
import { fitting, readMemory, writeMemory } from "../layouts";
import { Shortcuts } from "../Shortcuts";
import { useTabVisible } from "../useLiveView";
import { GoToDialog } from "./GoToDialog";
import { Legend, Overview } from "./Overview";
import { type Scrubbed, ScrubStill } from "./ScrubStill";
import { SelectionPanel } from "./SelectionPanel";
import { StageOverlay } from "./StageOverlay";
import { type Points, withPoint } from "./selection";
import { Timeline } from "./Timeline";
import { Transport } from "./Transport";
import { useAddress } from "./useAddress";
import { useNotice } from "./useNotice";
import { usePosition, useReplay } from "./useReplay";
import { replayKeyDown } from "./useReplayKeys";
import { useReplayShortcuts } from "./useReplayShortcuts";

const START_BEFORE_US = 2 * 60 * US_PER_S;
const BEFORE_ABSENCE_US = 3 * US_PER_S;

interface PlayerProps {
  cameras: readonly Camera[];
  camera: Camera;
  startUs: number | undefined;
  startRate: number;
}

/** The replay of one camera: picture, transport, timeline, selection. */
export function Player({ cameras, camera, startUs, startRate }: PlayerProps) {
  const { t } = useLingui();
  const { person } = useSession();
  const { name } = useActing();
  const alive = useSessionAlive();
  const visible = useTabVisible();
  const navigate = useNavigate();
  const [stream, setStream] = useState<Quality>("main");
  const query = useQuery(timelineQuery(camera.id, stream));
  const timeline = query.data;
  const [first] = useState(() => startUs ?? nowUs() - START_BEFORE_US);
  const place = useRef(first);
  const { video, canvas, player, snapshot } = useReplay(
    camera.id,
    stream,
    () => place.current,
    timeline,
    alive,
  );
  const us = usePosition(player, place.current);
  place.current = us;
  const [view, setView] = useState<Stretch>(() => viewAround(first));
  const [points, setPoints] = useState<Points>({ inUs: undefined, outUs: undefined });
  const [goTo, setGoTo] = useState(false);
  const [help, setHelp] = useState(false);
  const [memory, setMemory] = useState(() => readMemory(person.id, localStorage, fitting(cameras.length)));
  useEffect(() => writeMemory(person.id, memory, localStorage), [person.id, memory]);
  useEffect(() => {
    if (SPEEDS.some((each) => each === Math.abs(startRate))) player?.setRate(startRate);
  }, [player, startRate]);
  // H.265 that this browser cannot open: the H.264 sub-stream is recorded beside it.
  useEffect(() => {
    if (snapshot.phase.kind === "unplayable" && stream === "main") setStream("sub");
  }, [snapshot.phase.kind, stream]);
  useEffect(() => {
    if (!visible) player?.pause();
  }, [visible, player]);
  // Playback that leaves the view takes it along; a view that was moved elsewhere stays there.
  const before = useRef(us);
  useEffect(() => {
    const wasIn = contains(view, before.current);
    before.current = us;
    if (wasIn) setView((now) => follow(now, us));
  }, [us, view]);
  useAddress({ camera: camera.id }, us, snapshot.playing, snapshot.rate);

  const seek = useCallback(
    (to: number) => {
      player?.seek(Math.round(to));
      setView((now) => follow(now, to));
    },
    [player],
  );
  const goLive = (): void => void navigate({ to: "/mur", search: { camera: camera.id } as never });
  const setPoint = (which: "inUs" | "outUs"): void => setPoints(withPoint(points, which, Math.round(us)));
  const onKeyDown = replayKeyDown({
    player,
    rate: snapshot.rate,
    playing: snapshot.playing,
    letters: memory.shortcuts,
    seek,
    setIn: () => setPoint("inUs"),
    setOut: () => setPoint("outUs"),
    goLive,
    goTo: () => setGoTo(true),
    help: () => setHelp(true),
    zoom: (factor) => setView(zoom(view, us, factor)),
    toEdge: (edge) => {
      const kept = timeline?.recorded;
      const to = edge === "first" ? kept?.[0]?.fromUs : (kept?.at(-1)?.toUs ?? 0) - US_PER_S;
      if (to !== undefined) seek(to);
    },
  });
  const toAbsence = (direction: 1 | -1): void => {
    const starts = (timeline?.absences ?? []).map((each) => each.fromUs - BEFORE_ABSENCE_US);
    const to =
      direction > 0
        ? starts.find((each) => each > us + US_PER_S)
        : starts.findLast((each) => each < us - US_PER_S);
    if (to !== undefined) seek(to);
  };
  const still = useRef<HTMLCanvasElement>(null);
  const [scrubbed, setScrubbed] = useState<Scrubbed>();
  const onScrub = (to: number | undefined, clientX: number): void => {
    setScrubbed(to === undefined ? undefined : { us: to, clientX });
    player?.scrub(to, still.current);
  };
  const notice = useNotice(snapshot.notice, timeline);
  const shortcuts = useReplayShortcuts();
  const number = cameraNumber(camera);
  const age = formatDuration(Math.max(0, (timeline?.nowUs ?? nowUs()) - us));
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the player, listed by "?"
    <div className="play" onKeyDown={onKeyDown}>
      <Patterns />
      <div className="past">
        <h1>
          <History className="ic" aria-hidden />
          <Trans>ENREGISTREMENT, il y a {age}</Trans>
        </h1>
        <span className="cap hide-s">
          <Trans>Ce n’est pas le direct.</Trans>
        </span>
        <span className="push" />
        <CameraChoice cameras={cameras} camera={camera} us={us} />
        <Button size="s" onClick={goLive}>
          <Trans>Revenir au direct</Trans> <kbd>D</kbd>
        </Button>
      </div>
      <figure className="stage">
        <video
          ref={video}
          muted
          playsInline
          tabIndex={-1}
          aria-label={t`Image enregistrée, ${camera.name}`}
        />
        <canvas ref={canvas} hidden role="img" aria-label={t`Image enregistrée, ${camera.name}`} />
        <StageOverlay
          camera={camera.id}
          snapshot={snapshot}
          timeline={timeline}
          us={us}
          alive={alive}
          onRetry={() => player?.retry()}
        />
        <figcaption className="osd">
          <b>
            {number} {camera.name}
          </b>{" "}
          · {name} · {formatTime(us, true)} {formatOffset(us)}
        </figcaption>
        {notice === "" ? null : <p className="jump">{notice}</p>}
      </figure>
      <p className="vh" role="status">
        {notice}
      </p>
      <Transport
        player={player}
        snapshot={snapshot}
        us={us}
        onGoTo={() => setGoTo(true)}
        onAbsence={toAbsence}
        onZoom={(factor) => setView(zoom(view, us, factor))}
      />
      <section className="lines" aria-label={t`Frise chronologique`}>
        {timeline === undefined ? null : (
          <>
            <Timeline
              timeline={timeline}
              view={view}
              onView={setView}
              us={us}
              onSeek={seek}
              onScrub={onScrub}
              selection={points}
            />
            <ScrubStill canvas={still} at={scrubbed} />
            <Overview timeline={timeline} view={view} onSeek={seek} />
            <GoToDialog open={goTo} onClose={() => setGoTo(false)} us={us} timeline={timeline} onGo={seek} />
          </>
        )}
        <Legend />
      </section>
      {timeline === undefined ? (
        <div className="side">{query.isError ? <Refusal error={query.error} /> : null}</div>
      ) : (
        <SelectionPanel
          cameras={cameras}
          camera={camera}
          stream={stream}
          timeline={timeline}
          view={view}
          us={us}
          points={points}
          onPoints={setPoints}
          onSeek={seek}
          snapshot={snapshot}
        />
      )}
      <MotiveChip className="only-s" />
      <Shortcuts
        open={help}
        onClose={() => setHelp(false)}
        list={shortcuts}
        letters={memory.shortcuts}
        onLetters={(on) => setMemory({ ...memory, shortcuts: on })}
      />
    </div>
  );
}

/** Another camera at the same instant. */
function CameraChoice({ cameras, camera, us }: { cameras: readonly Camera[]; camera: Camera; us: number }) {
  const { t } = useLingui();
  const navigate = useNavigate();
  const choose = (id: string): void => {
    void navigate({ to: "/relecture", search: { camera: id, t: Math.round(us) } as never, replace: true });
  };
  return (
    <select
      className="inp inp-s camera-choice"
      aria-label={t`Caméra relue`}
      value={camera.id}
      onChange={(event) => choose(event.currentTarget.value)}
    >
      {cameras.map((each) => (
        <option key={each.id} value={each.id}>
          {cameraNumber(each)} {each.name}
        </option>
      ))}
    </select>
  );
}
