import { useQueries } from "@tanstack/react-query";
import { type RefObject, useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Camera } from "../../api/cameras";
import { FootageTrack } from "../../media/footageTrack";
import { INITIAL_STEP, InStepPlayer, type StepSnapshot, type StepSource } from "../../media/inStep";
import type { Quality } from "../../media/liveState";
import { type CameraTimeline, timelineQuery } from "../../timeline/timelineApi";
import { replaySource } from "../addresses";

export interface InStep {
  canvases: RefObject<Map<string, HTMLCanvasElement>>;
  player: InStepPlayer | undefined;
  snapshot: StepSnapshot;
  timelines: readonly (CameraTimeline | undefined)[];
}

/** Small pictures beside each other take the sub-stream, where one is recorded. */
export function streamOf(camera: Camera): Quality {
  return camera.streams.some((each) => each.stream === "sub") || "codec" in camera.sub_profile
    ? "sub"
    : "main";
}

/** Several cameras on one clock, bound to a component; `wanted` false drops keys and pictures. */
export function useInStep(cameras: readonly Camera[], startUs: () => number, wanted: boolean): InStep {
  const canvases = useRef(new Map<string, HTMLCanvasElement>());
  const [player, setPlayer] = useState<InStepPlayer>();
  const start = useRef(startUs);
  start.current = startUs;
  const set = cameras.map((each) => `${each.id}/${streamOf(each)}`).join();
  const timelines = useQueries({
    queries: cameras.map((camera) => timelineQuery(camera.id, streamOf(camera))),
    combine: (results) => results.map((result) => result.data),
  });
  useEffect(() => {
    if (!wanted) return undefined;
    const sources = set.split(",").flatMap((each): StepSource[] => {
      const [camera = "", stream] = each.split("/");
      const canvas = canvases.current.get(camera);
      const source = replaySource(camera, stream as Quality);
      return canvas === undefined
        ? []
        : [{ open: (startUs, events) => new FootageTrack(source, startUs, events), canvas }];
    });
    const made = new InStepPlayer(sources, start.current());
    setPlayer(made);
    return () => {
      made.close();
      setPlayer(undefined);
    };
  }, [set, wanted]);
  useEffect(() => {
    for (const [at, timeline] of timelines.entries()) {
      if (timeline !== undefined) player?.setRecorded(at, timeline.recorded, timeline.nowUs);
    }
  }, [player, timelines]);
  const subscribe = useCallback(
    (listener: () => void) => player?.subscribe(listener) ?? (() => {}),
    [player],
  );
  const snapshot = useSyncExternalStore(subscribe, () => player?.snapshot ?? INITIAL_STEP);
  return { canvases, player, snapshot, timelines };
}
