import { type RefObject, useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Quality } from "../../media/liveState";
import { ReplayPlayer } from "../../media/replayPlayer";
import { INITIAL_REPLAY, type ReplaySnapshot } from "../../media/replayState";
import type { CameraTimeline } from "../../timeline/timelineApi";
import { replaySource } from "../addresses";

const POSITION_REFRESH_MS = 100;

export interface Replay {
  video: RefObject<HTMLVideoElement | null>;
  canvas: RefObject<HTMLCanvasElement | null>;
  player: ReplayPlayer | undefined;
  snapshot: ReplaySnapshot;
}

/** A replay bound to a component. `wanted` false drops keys, buffers and picture (ended session). */
export function useReplay(
  camera: string,
  stream: Quality,
  startUs: () => number,
  timeline: CameraTimeline | undefined,
  wanted: boolean,
): Replay {
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [player, setPlayer] = useState<ReplayPlayer>();
  const start = useRef(startUs);
  start.current = startUs;
  useEffect(() => {
    if (video.current === null || canvas.current === null || camera === "" || !wanted) return undefined;
    const made = new ReplayPlayer(
      video.current,
      canvas.current,
      replaySource(camera, stream),
      start.current(),
    );
    setPlayer(made);
    return () => {
      made.close();
      setPlayer(undefined);
    };
  }, [camera, stream, wanted]);
  useEffect(() => {
    if (timeline !== undefined) player?.setRecorded(timeline.recorded, timeline.nowUs);
  }, [player, timeline]);
  const subscribe = useCallback(
    (listener: () => void) => player?.subscribe(listener) ?? (() => {}),
    [player],
  );
  const snapshot = useSyncExternalStore(subscribe, () => player?.snapshot ?? INITIAL_REPLAY);
  return { video, canvas, player, snapshot };
}

/** The position, in tenths of a second of real time, for what must move on the page. */
export function usePosition(
  player: { captureUs: number | undefined; positionUs: number } | undefined,
  otherwise: number,
): number {
  const [us, setUs] = useState(otherwise);
  useEffect(() => {
    if (player === undefined) return undefined;
    const read = (): void => setUs(player.captureUs ?? player.positionUs);
    read();
    const timer = window.setInterval(read, POSITION_REFRESH_MS);
    return () => window.clearInterval(timer);
  }, [player]);
  return us;
}
