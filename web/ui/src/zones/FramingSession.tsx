import { Trans, useLingui } from "@lingui/react/macro";
import { Eye, Hexagon, Move, Redo2, Camera as Shutter, Timer, Undo2, Video } from "lucide-react";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import type { Camera } from "../api/cameras";
import { showsPicture } from "../media/liveState";
import { cameraNumber } from "../pages/cameras/words";
import { Button, buttonClass, StateTag } from "../parts";
import { framingSource } from "../room/addresses";
import { CaptureClock } from "../room/CaptureClock";
import { Connecting, NoPicture } from "../room/TileWords";
import { useLiveView, useTabVisible } from "../room/useLiveView";
import { useActing, useSession, useSessionAlive } from "../session/SessionContext";
import { useTitle } from "../shell/Page";
import { Canvas, type Tool } from "./Canvas";
import { drawn, EMPTY, type Reason, type Zone } from "./drawing";
import { PointCard } from "./PointCard";
import { SaveCard } from "./SaveCard";
import { minutesText, useCountdown } from "./useCountdown";
import { useStill } from "./useStill";
import { ZoneList } from "./ZoneList";
import { closeFraming, type PictureSize, saveZones } from "./zonesApi";

interface FramingSessionProps {
  camera: Camera;
  untilUs: number;
  onEnd: (how: { saved: number } | { saved: undefined }) => void;
}

/** The zones that are in force or wait, as the start of the new drawing. */
function startOf(camera: Camera): Zone[] {
  return (camera.legal.zone_set?.polygons ?? []).map(({ points, reason }) => ({
    points,
    reason: reason as Reason,
  }));
}

/** One open session: live picture, still, drawing. Everything of it is dropped when it ends. */
export function FramingSession({ camera, untilUs, onEnd }: FramingSessionProps) {
  const { t } = useLingui();
  const { name } = useActing();
  const { person } = useSession();
  const alive = useSessionAlive();
  const visible = useTabVisible();
  const source = useMemo(() => framingSource(camera.id), [camera.id]);
  const { container, snapshot, view } = useLiveView(source, "main", visible && alive);
  const still = useStill();
  const [history, act] = useReducer(drawn, EMPTY, () => drawn(EMPTY, { do: "load", zones: startOf(camera) }));
  const [tool, setTool] = useState<Tool>("draw");
  const [result, setResult] = useState(false);
  const [said, setSaid] = useState("");
  const stage = useRef<HTMLDivElement>(null);
  const title = t`Cadrage et zones privées`;
  useTitle(title);

  const { drop } = still;
  const finish = useCallback(
    (saved?: number) => {
      drop();
      onEnd({ saved } as { saved: number });
    },
    [drop, onEnd],
  );
  const { leftS, spoken } = useCountdown(untilUs, () => finish());
  useEffect(() => {
    if (!alive) drop();
  }, [alive, drop]);
  const close = async (): Promise<void> => {
    await closeFraming(camera.id).catch(() => undefined);
    finish();
  };
  const { stream } = snapshot;
  const size = { width: stream?.width || 1920, height: stream?.height || 1080 };
  const save = async (noDwelling: boolean): Promise<void> => {
    const version = await saveZones(
      camera.id,
      history.now.zones,
      noDwelling,
      sizesOf(camera, snapshot.quality, size),
    );
    await closeFraming(camera.id).catch(() => undefined);
    finish(version);
  };
  const shot = (): void => {
    if (still.taken) still.drop();
    else if (still.take(container.current)) setSaid(t`Image fixe prise, gardée dans cette page seulement.`);
  };
  const remaining = minutesText(leftS);
  const countdown = (
    <span className="st st-warn">
      <Timer className="ic" aria-hidden />
      <Trans>{remaining} restantes</Trans>
    </span>
  );
  const hasPicture = showsPicture(snapshot.state);
  const readClock = useCallback(() => view?.captureUs, [view]);
  return (
    <>
      <div className="page-head">
        <div className="stack-s">
          <p className="small dim only-l">
            <Trans>Caméra {cameraNumber(camera)}</Trans> · {camera.name} · {name}
          </p>
          <h1>{title}</h1>
        </div>
        <div className="acts">
          <span className="only-l">{countdown}</span>
          <Button size="s" onClick={() => void close()}>
            <Trans>Fermer la séance</Trans>
          </Button>
        </div>
      </div>
      <p className="vh" role="status">
        {spoken}
      </p>
      <p className="vh" role="status">
        {said}
      </p>
      <div className="frame">
        <div className="stack">
          <div className="canvas" ref={stage}>
            <div ref={container} className="pictures" hidden={!hasPicture} />
            <canvas
              ref={still.canvas}
              className="still"
              hidden={!still.taken}
              aria-label={t`Image fixe de la caméra`}
              role="img"
            />
            {snapshot.state.kind === "connecting" && !still.taken ? <Connecting /> : null}
            {hasPicture || still.taken ? null : (
              <NoPicture camera={camera.id} act="framing" snapshot={snapshot} onRetry={() => view?.retry()} />
            )}
            <Canvas
              drawing={history.now}
              act={act}
              tool={tool}
              result={result}
              size={size}
              picture={stage}
              onSay={setSaid}
            />
          </div>
          <div className="wm wm-below">
            <b>
              <Trans>Séance de cadrage · {person.label}</Trans>
              <span className="only-l">
                {" "}
                · <Trans>rien n’est enregistré</Trans>
              </span>
            </b>
            <CaptureClock read={readClock} />
          </div>
          <div className="row only-s">
            {countdown}
            <span className="cap dim">
              <Trans>Rien n’est enregistré</Trans>
            </span>
          </div>
          <div className="toolrow" role="toolbar" aria-label={t`Outils de tracé`}>
            <Toggle on={still.taken} onClick={shot} late icon={still.taken ? Video : Shutter}>
              {still.taken ? <Trans>Revenir au direct</Trans> : <Trans>Prendre l’image</Trans>}
            </Toggle>
            <Toggle on={tool === "draw"} onClick={() => setTool("draw")} icon={Hexagon}>
              <Trans>Tracer</Trans>
            </Toggle>
            <Toggle on={tool === "move"} onClick={() => setTool("move")} icon={Move}>
              <Trans>Déplacer</Trans>
            </Toggle>
            <Gesture
              icon={Undo2}
              name={t`Annuler le dernier geste`}
              possible={history.past.length > 0}
              onClick={() => act({ do: "undo" })}
            />
            <Gesture
              icon={Redo2}
              name={t`Rétablir`}
              possible={history.future.length > 0}
              onClick={() => act({ do: "redo" })}
            />
            <Toggle on={result} onClick={() => setResult(!result)} late icon={Eye}>
              {result ? <Trans>Voir le tracé</Trans> : <Trans>Voir le résultat</Trans>}
            </Toggle>
            <span className="cap dim only-l">
              <Trans>
                Flèches : 1 px · <kbd>Maj</kbd> 10 px · <kbd>Entrée</kbd> poser un point · <kbd>Suppr</kbd>{" "}
                l’ôter · <kbd>Page</kbd> point suivant
              </Trans>
            </span>
          </div>
          <PointCard drawing={history.now} act={act} />
        </div>
        <div className="stack">
          <ZoneList
            drawing={history.now}
            act={act}
            onAdd={() => {
              act({ do: "add-zone" });
              setTool("draw");
            }}
          />
          {camera.legal.zone_set?.validated_us ? (
            <p className="small dim">
              <StateTag state="in-force" />{" "}
              <Trans>
                Version {camera.legal.zone_set.version} : elle reste appliquée jusqu’à la validation du
                nouveau tracé.
              </Trans>
            </p>
          ) : null}
          <SaveCard drawing={history.now} onSave={save} />
        </div>
      </div>
    </>
  );
}

interface ToggleProps {
  on: boolean;
  onClick: () => void;
  icon: typeof Eye;
  /** On a phone it stands in the second row. */
  late?: boolean;
  children: React.ReactNode;
}

function Toggle({ on, onClick, icon, late, children }: ToggleProps) {
  return (
    <Button
      className={`${on ? "chip-on" : ""}${late ? " late" : ""}`}
      icon={icon}
      aria-pressed={on}
      onClick={onClick}
    >
      {children}
    </Button>
  );
}

interface GestureProps {
  icon: typeof Eye;
  name: string;
  possible: boolean;
  onClick: () => void;
}

/** Undo or redo: it keeps the focus when there is nothing left, so that a keyboard is not thrown elsewhere. */
function Gesture({ icon: Icon, name, possible, onClick }: GestureProps) {
  return (
    <button
      type="button"
      className={buttonClass({ iconOnly: true })}
      aria-label={name}
      aria-disabled={possible ? undefined : true}
      onClick={possible ? onClick : undefined}
    >
      <Icon className="ic" aria-hidden />
    </button>
  );
}

/** The sizes of the streams that the zones were drawn for: another size needs another validation (P-11). */
function sizesOf(
  camera: Camera,
  seen: "main" | "sub",
  size: { width: number; height: number },
): PictureSize[] {
  const others = camera.streams
    .filter((each) => each.stream !== seen && each.width > 0 && each.height > 0)
    .map(({ stream, width, height }) => ({ stream, width, height }));
  return [{ stream: seen, ...size }, ...others];
}
