import { useLingui } from "@lingui/react/macro";
import { type Ref, useCallback, useEffect, useMemo } from "react";
import type { Camera } from "../api/cameras";
import type { LiveSnapshot, Quality } from "../media/liveState";
import { showsPicture } from "../media/liveState";
import { cameraNumber } from "../pages/cameras/words";
import { StateTag } from "../parts";
import { liveSource } from "./addresses";
import { CaptureClock } from "./CaptureClock";
import { TileDetails } from "./TileDetails";
import { Connecting, NoPicture, Plate, TileWord, useTileWord } from "./TileWords";
import { tileClass, tileState } from "./tileState";
import { useLiveView } from "./useLiveView";

interface LiveTileProps {
  camera: Camera;
  commune: string;
  /** False while the tab is hidden or the session has ended: no stream, no picture. */
  wanted: boolean;
  quality: Quality;
  selected: boolean;
  big: boolean;
  details: boolean;
  ref: Ref<HTMLElement>;
  onFocus: () => void;
  onOpen: () => void;
  onSnapshot: (camera: string, snapshot: LiveSnapshot) => void;
}

/** One camera on the wall: number, name, state in words and shape, picture, whose it is, capture time. */
export function LiveTile(props: LiveTileProps) {
  const { camera, commune, wanted, quality, selected, big, details, ref, onFocus, onOpen, onSnapshot } =
    props;
  const { t } = useLingui();
  const source = useMemo(() => liveSource(camera.id), [camera.id]);
  const { container, snapshot, view } = useLiveView(source, quality, wanted);
  const readClock = useCallback(() => view?.captureUs, [view]);
  useEffect(() => onSnapshot(camera.id, snapshot), [camera.id, snapshot, onSnapshot]);
  const name = tileState(snapshot);
  const word = useTileWord(snapshot);
  const { state, stream } = snapshot;
  const number = cameraNumber(camera);
  const hasPicture = showsPicture(state);
  const masked = stream?.masked ?? 0;
  return (
    <article
      ref={ref}
      className={`tile${tileClass(name)}${selected ? " sel" : ""}${big ? " big-tile" : ""}`}
      tabIndex={selected ? 0 : -1}
      aria-label={t`Caméra ${number}, ${camera.name} : ${word}`}
      onFocus={onFocus}
      onDoubleClick={onOpen}
    >
      <header>
        <span className="no">{number}</span>
        <b>{camera.name}</b>
        <StateTag state={name}>
          <TileWord snapshot={snapshot} />
        </StateTag>
      </header>
      <div className="pic" data-picture={hasPicture ? state.kind : "none"}>
        <div ref={container} className="pictures" hidden={!hasPicture} />
        {hasPicture && masked > 0 ? <span className="zlab">{t`Zones privées : ${masked}`}</span> : null}
        {state.kind === "frozen" ? <Plate ageS={state.ageS} lastUs={state.lastUs} /> : null}
        {state.kind === "connecting" ? <Connecting /> : null}
        {hasPicture ? null : (
          <NoPicture camera={camera.id} act="live" snapshot={snapshot} onRetry={() => view?.retry()} />
        )}
        {details ? <TileDetails camera={camera} snapshot={snapshot} view={view} /> : null}
      </div>
      <footer>
        <span>
          {stream?.commune.name || commune}
          {camera.place ? ` · ${camera.place}` : null}
        </span>
        {state.kind === "live" || state.kind === "frozen" ? <CaptureClock read={readClock} /> : null}
      </footer>
    </article>
  );
}
