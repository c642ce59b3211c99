import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useNavigate } from "@tanstack/react-router";
import { History } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Camera } from "../../api/cameras";
import { formatDuration, nowUs, US_PER_S } from "../../i18n/format";
import { SPEEDS } from "../../media/replayState";
import { Button, StateTag } from "../../parts";
import { useActing, useSession, useSessionAlive } from "../../session/SessionContext";
import { MotiveChip } from "../../shell/TopBar";
import { Patterns } from "../../timeline/Patterns";
import type { Stretch } from "../../timeline/timelineApi";
import { contains, follow, viewAround, zoom } from "../../timeline/timelineView";
import { fitting, readMemory, writeMemory } from "../layouts";
import { Shortcuts } from "../Shortcuts";
import { useTabVisible } from "../useLiveView";
import { GoToDialog } from "./GoToDialog";
import { Legend } from "./Overview";
import { StepPanel } from "./StepPanel";
import { StepTile } from "./StepTile";
import { StepTimeline } from "./StepTimeline";
import { type Points, withPoint } from "./selection";
import { Transport } from "./Transport";
import { useAddress } from "./useAddress";
import { useFirstPicture } from "./useFirstPicture";
import { useInStep } from "./useInStep";
import { useNotice } from "./useNotice";
import { usePosition } from "./useReplay";
import { replayKeyDown } from "./useReplayKeys";
import { useReplayShortcuts } from "./useReplayShortcuts";

const START_BEFORE_US = 2 * 60 * US_PER_S;
const BEFORE_ABSENCE_US = 3 * US_PER_S;

interface StepPageProps {
  all: readonly Camera[];
  cameras: readonly Camera[];
  startUs: number | undefined;
  startRate: number;
}

/** The replay of several cameras in step: one clock, one transport, a row of the timeline each. */
export function StepPage({ all, cameras, startUs, startRate }: StepPageProps) {
  const { t } = useLingui();
  const { person } = useSession();
  const { name } = useActing();
  const alive = useSessionAlive();
  const visible = useTabVisible();
  const navigate = useNavigate();
  const [first] = useState(() => startUs ?? nowUs() - START_BEFORE_US);
  const place = useRef(first);
  const { canvases, player, snapshot, timelines } = useInStep(cameras, () => place.current, alive);
  const us = usePosition(player, place.current);
  place.current = us;
  const [view, setView] = useState<Stretch>(() => viewAround(first));
  const [points, setPoints] = useState<Points>({ inUs: undefined, outUs: undefined });
  const [goTo, setGoTo] = useState(false);
  const [help, setHelp] = useState(false);
  const [memory, setMemory] = useState(() => readMemory(person.id, localStorage, fitting(all.length)));
  useEffect(() => writeMemory(person.id, memory, localStorage), [person.id, memory]);
  useEffect(() => {
    if (SPEEDS.some((each) => each === Math.abs(startRate))) player?.setRate(startRate);
  }, [player, startRate]);
  useEffect(() => {
    if (!visible) player?.pause();
  }, [visible, player]);
  const before = useRef(us);
  useEffect(() => {
    const wasIn = contains(view, before.current);
    before.current = us;
    if (wasIn) setView((now) => follow(now, us));
  }, [us, view]);
  useAddress({ cameras: cameras.map((each) => each.id).join() }, us, snapshot.playing, snapshot.rate);
  const seek = useCallback(
    (to: number) => {
      player?.seek(Math.round(to));
      setView((now) => follow(now, to));
    },
    [player],
  );
  useFirstPicture(timelines, player && startUs === undefined ? first : undefined, seek);
  const goLive = (): void => void navigate({ to: "/mur", search: { camera: cameras[0]?.id } as never });
  const setPoint = (which: "inUs" | "outUs"): void => setPoints(withPoint(points, which, Math.round(us)));
  const absences = timelines.flatMap((each) => each?.absences ?? []).sort((a, b) => a.fromUs - b.fromUs);
  const recorded = timelines.flatMap((each) => each?.recorded ?? []);
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
      if (recorded.length === 0) return;
      if (edge === "first") seek(Math.min(...recorded.map((each) => each.fromUs)));
      else seek(Math.max(...recorded.map((each) => each.toUs)) - US_PER_S);
    },
  });
  const toAbsence = (direction: 1 | -1): void => {
    const starts = absences.map((each) => each.fromUs - BEFORE_ABSENCE_US);
    const to =
      direction > 0
        ? starts.find((each) => each > us + US_PER_S)
        : starts.findLast((each) => each < us - US_PER_S);
    if (to !== undefined) seek(to);
  };
  const timeline = timelines.find((each) => each !== undefined);
  const notice = useNotice(snapshot.notice, timeline);
  const shortcuts = useReplayShortcuts();
  const age = formatDuration(Math.max(0, (timeline?.nowUs ?? nowUs()) - us));
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the player, listed by "?"
    <div className="play" onKeyDown={onKeyDown}>
      <Patterns />
      <div className="past">
        <h1>
          <History className="ic" aria-hidden />
          <Trans>
            ENREGISTREMENT, il y a {age},{" "}
            <Plural value={cameras.length} one="# caméra" other="# caméras au pas" />
          </Trans>
        </h1>
        <span className="cap hide-s">
          <Trans>Ce n’est pas le direct.</Trans>
        </span>
        <span className="push" />
        <Button size="s" onClick={goLive}>
          <Trans>Revenir au direct</Trans> <kbd>D</kbd>
        </Button>
      </div>
      <div className="stage">
        <div className="quad">
          {cameras.map((camera, at) => (
            <StepTile
              key={camera.id}
              camera={camera}
              commune={name}
              at={at}
              player={player}
              state={snapshot.tiles[at]}
              timeline={timelines[at]}
              us={us}
              alive={alive}
              canvas={(element) => {
                if (element !== null) canvases.current.set(camera.id, element);
              }}
            />
          ))}
        </div>
        {notice === "" ? null : <p className="jump">{notice}</p>}
      </div>
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
      >
        <StateTag state="in-step">
          {snapshot.waiting ? (
            <Trans>Attend une caméra</Trans>
          ) : (
            <Trans>Au pas : écart d’une image au plus</Trans>
          )}
        </StateTag>
      </Transport>
      <section className="lines" aria-label={t`Frise chronologique`}>
        <StepTimeline
          cameras={cameras}
          timelines={timelines}
          view={view}
          onView={setView}
          us={us}
          onSeek={seek}
          selection={points}
        />
        {timeline === undefined ? null : (
          <GoToDialog open={goTo} onClose={() => setGoTo(false)} us={us} timeline={timeline} onGo={seek} />
        )}
        <Legend />
      </section>
      <StepPanel
        all={all}
        cameras={cameras}
        timelines={timelines}
        us={us}
        points={points}
        onPoints={setPoints}
      />
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
