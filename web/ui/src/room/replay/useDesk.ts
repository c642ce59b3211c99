import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from "react";
import { US_PER_S } from "../../i18n/format";
import { SPEEDS, type Transportable } from "../../media/replayState";
import { useSession } from "../../session/SessionContext";
import type { CameraTimeline, Stretch } from "../../timeline/timelineApi";
import { contains, follow, viewAround, zoom } from "../../timeline/timelineView";
import { fitting, readMemory, writeMemory } from "../layouts";
import { useTabVisible } from "../useLiveView";
import { type Points, withPoint } from "./selection";
import { useAddress } from "./useAddress";
import { replayKeyDown } from "./useReplayKeys";

const BEFORE_ABSENCE_US = 3 * US_PER_S;

interface Played {
  player: (Transportable & { seek(us: number): void }) | undefined;
  playing: boolean;
  rate: number;
  /** Where playback is, and where it began. */
  us: number;
  firstUs: number;
  startRate: number;
  /** What the address says is replayed, and the camera that is shown live after it. */
  who: { camera: string } | { cameras: string };
  live: string | undefined;
  timelines: readonly (CameraTimeline | undefined)[];
  /** How many cameras the commune has footage of. */
  count: number;
}

export interface Desk {
  view: Stretch;
  setView: (view: Stretch) => void;
  points: Points;
  setPoints: (points: Points) => void;
  seek: (us: number) => void;
  /** To just before the next absence, or the one before. */
  toAbsence: (direction: 1 | -1) => void;
  zoomBy: (factor: number) => void;
  goLive: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
  /** Which dialog is open. */
  dialog: "go-to" | "help" | undefined;
  setDialog: (dialog: "go-to" | "help" | undefined) => void;
  /** Single-letter keys can be switched off (WCAG 2.1.4). */
  letters: boolean;
  setLetters: (on: boolean) => void;
}

/** What is at hand around a picture that is replayed, be it of one camera or of several in step. */
export function useDesk({ player, us, timelines, count, ...played }: Played): Desk {
  const { person } = useSession();
  const visible = useTabVisible();
  const navigate = useNavigate();
  const [view, setView] = useState<Stretch>(() => viewAround(played.firstUs));
  const [points, setPoints] = useState<Points>({ inUs: undefined, outUs: undefined });
  const [dialog, setDialog] = useState<Desk["dialog"]>();
  const [memory, setMemory] = useState(() => readMemory(person.id, localStorage, fitting(count)));
  useEffect(() => writeMemory(person.id, memory, localStorage), [person.id, memory]);
  const { startRate } = played;
  useEffect(() => {
    if (SPEEDS.some((each) => each === Math.abs(startRate))) player?.setRate(startRate);
  }, [player, startRate]);
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
  useAddress(played.who, us, played.playing, played.rate);
  const seek = useCallback(
    (to: number) => {
      player?.seek(Math.round(to));
      setView((now) => follow(now, to));
    },
    [player],
  );
  const recorded = timelines.flatMap((each) => each?.recorded ?? []);
  const toEdge = (edge: "first" | "last"): void => {
    if (recorded.length === 0) return;
    if (edge === "first") seek(Math.min(...recorded.map((each) => each.fromUs)));
    else seek(Math.max(...recorded.map((each) => each.toUs)) - US_PER_S);
  };
  const toAbsence = (direction: 1 | -1): void => {
    const starts = timelines
      .flatMap((each) => each?.absences ?? [])
      .map((each) => each.fromUs - BEFORE_ABSENCE_US)
      .sort((a, b) => a - b);
    const to =
      direction > 0
        ? starts.find((each) => each > us + US_PER_S)
        : starts.findLast((each) => each < us - US_PER_S);
    if (to !== undefined) seek(to);
  };
  const setPoint = (which: "inUs" | "outUs"): void => setPoints(withPoint(points, which, Math.round(us)));
  const zoomBy = (factor: number): void => setView(zoom(view, us, factor));
  const goLive = (): void => void navigate({ to: "/mur", search: { camera: played.live } as never });
  const onKeyDown = replayKeyDown({
    player,
    rate: played.rate,
    playing: played.playing,
    letters: memory.shortcuts,
    seek,
    setIn: () => setPoint("inUs"),
    setOut: () => setPoint("outUs"),
    goLive,
    goTo: () => setDialog("go-to"),
    help: () => setDialog("help"),
    zoom: zoomBy,
    toEdge,
  });
  return {
    view,
    setView,
    points,
    setPoints,
    seek,
    toAbsence,
    zoomBy,
    goLive,
    onKeyDown,
    dialog,
    setDialog,
    letters: memory.shortcuts,
    setLetters: (on) => setMemory({ ...memory, shortcuts: on }),
  };
}
