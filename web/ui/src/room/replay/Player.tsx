import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Camera } from "../../api/cameras";
import { formatDuration, formatOffset, formatTime, nowUs, US_PER_S } from "../../i18n/format";
import type { Quality } from "../../media/liveState";
import { cameraNumber } from "../../pages/cameras/words";
import { Refusal } from "../../parts";
import { useActing, useSessionAlive } from "../../session/SessionContext";
import { timelineQuery } from "../../timeline/timelineApi";
import { Overview } from "./Overview";
import { PlayFrame } from "./PlayFrame";
import { type Scrubbed, ScrubStill } from "./ScrubStill";
import { SelectionPanel } from "./SelectionPanel";
import { StageOverlay } from "./StageOverlay";
import { Timeline } from "./Timeline";
import { useDesk } from "./useDesk";
import { usePosition, useReplay } from "./useReplay";

const START_BEFORE_US = 2 * 60 * US_PER_S;

interface PlayerProps {
  cameras: readonly Camera[];
  camera: Camera;
  startUs: number | undefined;
  startRate: number;
}

/** The replay of one camera: picture, transport, timeline, selection. */
export function Player({ cameras, camera, startUs, startRate }: PlayerProps) {
  const { t } = useLingui();
  const { name } = useActing();
  const alive = useSessionAlive();
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
  // H.265 that this browser cannot open: the H.264 sub-stream is recorded beside it.
  useEffect(() => {
    if (snapshot.phase.kind === "unplayable" && stream === "main") setStream("sub");
  }, [snapshot.phase.kind, stream]);
  const desk = useDesk({
    player,
    playing: snapshot.playing,
    rate: snapshot.rate,
    us,
    firstUs: first,
    startRate,
    who: { camera: camera.id },
    live: camera.id,
    timelines: [timeline],
    count: cameras.length,
  });
  const { view, points, seek } = desk;
  const still = useRef<HTMLCanvasElement>(null);
  const [scrubbed, setScrubbed] = useState<Scrubbed>();
  const onScrub = (to: number | undefined, clientX: number): void => {
    setScrubbed(to === undefined ? undefined : { us: to, clientX });
    player?.scrub(to, still.current);
  };
  const number = cameraNumber(camera);
  const age = formatDuration(Math.max(0, (timeline?.nowUs ?? nowUs()) - us));
  return (
    <PlayFrame
      desk={desk}
      title={<Trans>ENREGISTREMENT, il y a {age}</Trans>}
      choice={<CameraChoice cameras={cameras} camera={camera} us={us} />}
      player={player}
      snapshot={snapshot}
      us={us}
      timeline={timeline}
      picture={
        <>
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
        </>
      }
      lines={
        timeline === undefined ? null : (
          <>
            <Timeline
              timeline={timeline}
              view={view}
              onView={desk.setView}
              us={us}
              onSeek={seek}
              onScrub={onScrub}
              selection={points}
            />
            <ScrubStill canvas={still} at={scrubbed} />
            <Overview timeline={timeline} view={view} onSeek={seek} />
          </>
        )
      }
    >
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
          onPoints={desk.setPoints}
          onSeek={seek}
          snapshot={snapshot}
        />
      )}
    </PlayFrame>
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
