import {
  type RefObject,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type { LiveSource } from "../media/livePlayer";
import { INITIAL_SNAPSHOT, type LiveSnapshot, type Quality } from "../media/liveState";
import { LiveView } from "../media/liveView";

interface Live {
  /** Put it on the element that holds the picture. */
  container: RefObject<HTMLDivElement | null>;
  snapshot: LiveSnapshot;
  view: LiveView | undefined;
}

/** A live picture bound to a component; `wanted` false stops it and removes the picture (hidden tab, ended session). */
export function useLiveView(source: LiveSource, quality: Quality, wanted: boolean): Live {
  const container = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<LiveView>();
  useEffect(() => {
    if (container.current === null) return undefined;
    const made = new LiveView(container.current, source);
    setView(made);
    return () => made.stop();
  }, [source]);
  useEffect(() => {
    if (wanted) view?.start(quality);
    else view?.stop();
  }, [view, quality, wanted]);
  const subscribe = useCallback((listener: () => void) => view?.subscribe(listener) ?? (() => {}), [view]);
  const snapshot = useSyncExternalStore(subscribe, () => view?.snapshot ?? INITIAL_SNAPSHOT);
  return useMemo(() => ({ container, snapshot, view }), [snapshot, view]);
}

/** True while this tab is in front: a hidden tab shows nothing and asks for nothing. */
export function useTabVisible(): boolean {
  const subscribe = useCallback((listener: () => void) => {
    document.addEventListener("visibilitychange", listener);
    return () => document.removeEventListener("visibilitychange", listener);
  }, []);
  return useSyncExternalStore(subscribe, () => document.visibilityState === "visible");
}
