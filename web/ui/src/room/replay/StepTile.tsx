import { Trans, useLingui } from "@lingui/react/macro";
import { Ban, KeyRound, LoaderCircle, Unplug } from "lucide-react";
import { type Ref, useCallback } from "react";
import type { Camera } from "../../api/cameras";
import { formatDuration, formatTime, US_PER_S } from "../../i18n/format";
import type { InStepPlayer, StepTileState } from "../../media/inStep";
import { cameraNumber } from "../../pages/cameras/words";
import { WhyLink } from "../../pages/why/WhyLink";
import { Button, RuleTag, StateTag } from "../../parts";
import type { CameraTimeline } from "../../timeline/timelineApi";
import { contains } from "../../timeline/timelineView";
import { CaptureClock } from "../CaptureClock";
import { NoPictureFrame, useCause } from "../TileWords";

interface StepTileProps {
  camera: Camera;
  commune: string;
  at: number;
  player: InStepPlayer | undefined;
  state: StepTileState | undefined;
  timeline: CameraTimeline | undefined;
  us: number;
  alive: boolean;
  canvas: Ref<HTMLCanvasElement>;
}

/** One camera of the set: its picture at the common instant, or why there is none and when it comes again. */
export function StepTile(props: StepTileProps) {
  const { camera, commune, at, player, state, timeline, us, alive, canvas } = props;
  const { t } = useLingui();
  const number = cameraNumber(camera);
  const readClock = useCallback(() => player?.shownUs(at), [player, at]);
  const hasPicture = alive && state?.phase.kind === "ready" && state.showing !== "absent";
  const isAbsent = state?.phase.kind === "ready" && state.showing === "absent";
  return (
    <article className="tile" aria-label={t`Caméra ${number}, ${camera.name}`}>
      <header>
        <span className="no">{number}</span>
        <b>{camera.name}</b>
        <StateTag state={tagOf(state, alive)} />
      </header>
      <div className="pic">
        <canvas
          ref={canvas}
          hidden={!hasPicture}
          role="img"
          aria-label={t`Image enregistrée, ${camera.name}`}
        />
        {hasPicture ? null : (
          <Why
            camera={camera}
            state={state}
            timeline={timeline}
            us={us}
            alive={alive}
            onRetry={() => player?.retry()}
          />
        )}
        {hasPicture && state.showing === "waiting" ? (
          <p className="loading">
            <Trans>Chargement</Trans>
          </p>
        ) : null}
      </div>
      <footer>
        <span>
          {commune}
          {camera.place ? ` · ${camera.place}` : null}
        </span>
        {isAbsent || !hasPicture ? null : <CaptureClock read={readClock} />}
      </footer>
    </article>
  );
}

function tagOf(state: StepTileState | undefined, alive: boolean) {
  if (!alive) return "no-picture";
  switch (state?.phase.kind) {
    case "ready":
      return state.showing === "absent" ? "absent" : "recorded";
    case "refused":
      return "refused";
    case "locked":
      return "unavailable";
    case "unplayable":
      return "not-playable";
    default:
      return "connecting";
  }
}

type WhyProps = Pick<StepTileProps, "camera" | "state" | "timeline" | "us" | "alive"> & {
  onRetry: () => void;
};

function Why({ camera, state, timeline, us, alive, onRetry }: WhyProps) {
  const phase = state?.phase;
  if (!alive)
    return <NoPictureFrame icon={Ban} tone="dim" title={<Trans>Image masquée : session terminée</Trans>} />;
  switch (phase?.kind) {
    case "ready":
      return <Absent timeline={timeline} us={us} />;
    case "refused":
      return (
        <NoPictureFrame icon={Ban} tone="c-danger" title={<Trans>Relecture refusée</Trans>}>
          <p className="cap dim">
            {phase.refusal.what} <RuleTag rule={phase.refusal.rule} />
          </p>
          <div className="row">
            <Button size="s" onClick={onRetry}>
              <Trans>Réessayer</Trans>
            </Button>
            <WhyLink act="replay" camera={camera.id} />
          </div>
        </NoPictureFrame>
      );
    case "locked":
      return (
        <NoPictureFrame icon={KeyRound} tone="dim" title={<Trans>Relecture à déverrouiller</Trans>}>
          <p className="cap dim">{phase.holders.join(", ") || phase.todo}</p>
          <Button size="s" onClick={onRetry}>
            <Trans>Réessayer</Trans>
          </Button>
        </NoPictureFrame>
      );
    case "unplayable":
      return <NoPictureFrame icon={Ban} tone="dim" title={<Trans>Format non lisible ici</Trans>} />;
    default:
      return (
        <NoPictureFrame icon={LoaderCircle} tone="dim" title={<Trans>Ouverture de l’enregistrement</Trans>} />
      );
  }
}

/** Nothing exists at this instant: the cause with its bounds, and when this camera is in step again. */
function Absent({ timeline, us }: { timeline: CameraTimeline | undefined; us: number }) {
  const { t } = useLingui();
  const words = useCause();
  const absence = timeline?.absences.find((each) => contains(each, us));
  const next = timeline?.recorded.find((each) => each.fromUs > us);
  const inTime = next === undefined ? "" : formatDuration(Math.max(next.fromUs - us, US_PER_S));
  const cause = absence === undefined ? "" : words(absence.cause);
  const [from, to] =
    absence === undefined ? ["", ""] : [formatTime(absence.fromUs, true), formatTime(absence.toUs, true)];
  const isDestroyed = timeline !== undefined && us < timeline.destroyedBeforeUs;
  const title = isDestroyed ? t`Images détruites à leur terme` : t`Pas d’image à cet instant`;
  return (
    <NoPictureFrame icon={Unplug} tone="c-danger" title={title}>
      <p className="cap dim">
        {cause === "" || isDestroyed ? null : (
          <Trans>
            Cause : {cause}, de {from} à {to}.
          </Trans>
        )}{" "}
        {next === undefined ? null : <Trans>Reprend dans {inTime}, au pas des autres.</Trans>}
      </p>
    </NoPictureFrame>
  );
}
