import { Trans, useLingui } from "@lingui/react/macro";
import {
  Camera,
  Pause,
  Play,
  Rewind,
  SkipBack,
  SkipForward,
  StepBack,
  StepForward,
  ZoomIn,
  ZoomOut,
} from "lucide-react";
import { formatDate, formatOffset } from "../i18n/format";
import type { InStepPlayer, StepSnapshot } from "../media/inStep";
import { Speeds } from "../timeline/Speeds";
import { clockText } from "./instants";

interface TransportProps {
  player: InStepPlayer | undefined;
  snapshot: StepSnapshot;
  us: number;
  onAbsence: (direction: 1 | -1) => void;
  onZoom: (factor: number) => void;
  onStill: () => void;
}

/** Time of the common clock, play and freeze, pictures, absences, speeds both ways. */
export function Transport({ player, snapshot, us, onAbsence, onZoom, onStill }: TransportProps) {
  const { t } = useLingui();
  const { playing, rate } = snapshot;
  return (
    <section className="transport" aria-label={t`Lecture`}>
      <p className="clock">
        {clockText(us)}
        <small>
          {formatDate(us)}, {formatOffset(us)}
        </small>
      </p>
      <IconButton icon={SkipBack} label={t`Absence précédente`} onClick={() => onAbsence(-1)} />
      <IconButton icon={StepBack} label={t`Image précédente (virgule)`} onClick={() => player?.step(-1)} />
      <button
        type="button"
        className="btn btn-1 btn-s play-button"
        onClick={() => (playing ? player?.pause() : player?.play())}
      >
        {playing ? <Pause className="ic" aria-hidden /> : <Play className="ic" aria-hidden />}
        {playing ? <Trans>Arrêt sur image</Trans> : <Trans>Lecture</Trans>}
      </button>
      <IconButton icon={StepForward} label={t`Image suivante (point)`} onClick={() => player?.step(1)} />
      <IconButton icon={SkipForward} label={t`Absence suivante`} onClick={() => onAbsence(1)} />
      <IconButton
        icon={Rewind}
        label={t`À rebours (J)`}
        pressed={rate < 0}
        onClick={() => player?.setRate(-rate)}
      />
      <Speeds label={t`Vitesse de lecture`} rate={rate} onRate={(chosen) => player?.setRate(chosen)} />
      <span className="push" />
      <button type="button" className="btn btn-s" onClick={onStill}>
        <Camera className="ic" aria-hidden />
        <Trans>Enregistrer l’image</Trans>
      </button>
      <IconButton icon={ZoomOut} label={t`Frise moins détaillée (−)`} onClick={() => onZoom(2)} />
      <IconButton icon={ZoomIn} label={t`Frise plus détaillée (+)`} onClick={() => onZoom(0.5)} />
    </section>
  );
}

interface IconButtonProps {
  icon: typeof Play;
  label: string;
  pressed?: boolean;
  onClick: () => void;
}

function IconButton({ icon: Icon, label, pressed, onClick }: IconButtonProps) {
  return (
    <button
      type="button"
      className="btn btn-s btn-i"
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      onClick={onClick}
    >
      <Icon className="ic" aria-hidden />
    </button>
  );
}
