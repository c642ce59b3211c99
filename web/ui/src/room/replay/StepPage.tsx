import { Plural, Trans } from "@lingui/react/macro";
import { useRef, useState } from "react";
import type { Camera } from "../../api/cameras";
import { formatDuration, nowUs, US_PER_S } from "../../i18n/format";
import { StateTag } from "../../parts";
import { useActing, useSessionAlive } from "../../session/SessionContext";
import { PlayFrame } from "./PlayFrame";
import { StepPanel } from "./StepPanel";
import { StepTile } from "./StepTile";
import { StepTimeline } from "./StepTimeline";
import { useDesk } from "./useDesk";
import { useFirstPicture } from "./useFirstPicture";
import { useInStep } from "./useInStep";
import { usePosition } from "./useReplay";

const START_BEFORE_US = 2 * 60 * US_PER_S;

interface StepPageProps {
  all: readonly Camera[];
  cameras: readonly Camera[];
  startUs: number | undefined;
  startRate: number;
}

/** The replay of several cameras in step: one clock, one transport, a row of the timeline each. */
export function StepPage({ all, cameras, startUs, startRate }: StepPageProps) {
  const { name } = useActing();
  const alive = useSessionAlive();
  const [first] = useState(() => startUs ?? nowUs() - START_BEFORE_US);
  const place = useRef(first);
  const { canvases, player, snapshot, timelines } = useInStep(cameras, () => place.current, alive);
  const us = usePosition(player, place.current);
  place.current = us;
  const desk = useDesk({
    player,
    playing: snapshot.playing,
    rate: snapshot.rate,
    us,
    firstUs: first,
    startRate,
    who: { cameras: cameras.map((each) => each.id).join() },
    live: cameras[0]?.id,
    timelines,
    count: all.length,
  });
  const { view, points, seek } = desk;
  useFirstPicture(timelines, player && startUs === undefined ? first : undefined, seek);
  const timeline = timelines.find((each) => each !== undefined);
  const age = formatDuration(Math.max(0, (timeline?.nowUs ?? nowUs()) - us));
  return (
    <PlayFrame
      desk={desk}
      title={
        <Trans>
          ENREGISTREMENT, il y a {age},{" "}
          <Plural value={cameras.length} one="# caméra" other="# caméras au pas" />
        </Trans>
      }
      player={player}
      snapshot={snapshot}
      us={us}
      timeline={timeline}
      picture={
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
      }
      said={
        <StateTag state="in-step">
          {snapshot.waiting ? (
            <Trans>Attend une caméra</Trans>
          ) : (
            <Trans>Au pas : écart d’une image au plus</Trans>
          )}
        </StateTag>
      }
      lines={
        <StepTimeline
          cameras={cameras}
          timelines={timelines}
          view={view}
          onView={desk.setView}
          us={us}
          onSeek={seek}
          selection={points}
        />
      }
    >
      <StepPanel
        all={all}
        cameras={cameras}
        timelines={timelines}
        us={us}
        points={points}
        onPoints={desk.setPoints}
      />
    </PlayFrame>
  );
}
