import { type RefObject, useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { hasDecoder } from "../media/groupDecoder";
import { INITIAL_STEP, InStepPlayer, type StepSnapshot, type StepSource } from "../media/inStep";
import type { Container } from "./package/container";
import type { Stream } from "./package/manifest";
import { PackageTrack } from "./play/packageTrack";
import { SeekView } from "./play/seekView";

/** What names a stream among those of its package. */
export const keyOf = (stream: Stream): string => `${stream.camera}.${stream.stream}`;

export interface Playing {
  canvases: RefObject<Map<string, HTMLCanvasElement>>;
  player: InStepPlayer | undefined;
  snapshot: StepSnapshot;
  us: number;
}

/** Streams of a package on one clock, bound to a component. */
export function usePlayer(container: Container, streams: readonly Stream[], startUs: number): Playing {
  const canvases = useRef(new Map<string, HTMLCanvasElement>());
  const [player, setPlayer] = useState<InStepPlayer>();
  const place = useRef(startUs);
  useEffect(() => {
    const sources = streams.flatMap((stream): StepSource[] => {
      const canvas = canvases.current.get(keyOf(stream));
      if (canvas === undefined) return [];
      const open: StepSource["open"] = (_, events) => new PackageTrack(container, stream, events);
      if (hasDecoder()) return [{ open, canvas }];
      return [{ open, canvas, draw: (...given) => new SeekView(...given) }];
    });
    const made = new InStepPlayer(sources, place.current);
    setPlayer(made);
    return () => {
      place.current = made.positionUs;
      made.close();
      setPlayer(undefined);
    };
  }, [container, streams]);
  const subscribe = useCallback(
    (listener: () => void) => player?.subscribe(listener) ?? (() => {}),
    [player],
  );
  const snapshot = useSyncExternalStore(subscribe, () => player?.snapshot ?? INITIAL_STEP);
  const us = usePosition(player, place.current);
  return { canvases, player, snapshot, us };
}

const REFRESH_MS = 100;

function usePosition(player: InStepPlayer | undefined, firstUs: number): number {
  const [us, setUs] = useState(firstUs);
  useEffect(() => {
    if (player === undefined) return undefined;
    const timer = window.setInterval(() => setUs(player.positionUs), REFRESH_MS);
    return () => window.clearInterval(timer);
  }, [player]);
  return us;
}
