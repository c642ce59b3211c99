import { Trans, useLingui } from "@lingui/react/macro";
import {
  CalendarDays,
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
import type { ReactNode } from "react";
import { formatDate, formatOffset, formatTime } from "../../i18n/format";
import type { Transportable } from "../../media/replayState";
import { Button } from "../../parts";
import { Speeds } from "../../timeline/Speeds";

interface TransportProps {
  player: Transportable | undefined;
  snapshot: { playing: boolean; rate: number };
  us: number;
  onGoTo: () => void;
  onAbsence: (direction: 1 | -1) => void;
  onZoom: (factor: number) => void;
  /** What is said beside the speeds. */
  children?: ReactNode;
}

/** Capture time, play and pause, frames, absences, speed, jump to an instant. */
export function Transport({ player, snapshot, us, onGoTo, onAbsence, onZoom, children }: TransportProps) {
  const { t } = useLingui();
  const { playing, rate } = snapshot;
  return (
    <div className="transport">
      <p className="clock">
        {formatTime(us, true)}
        <small>
          {formatDate(us)}, {formatOffset(us)}
        </small>
      </p>
      <Button
        size="s"
        iconOnly
        icon={SkipBack}
        aria-label={t`Absence précédente`}
        onClick={() => onAbsence(-1)}
      />
      <Button
        size="s"
        iconOnly
        icon={StepBack}
        aria-label={t`Image précédente (virgule)`}
        onClick={() => player?.step(-1)}
      />
      {playing ? (
        <Button kind="primary" size="s" className="play-button" icon={Pause} onClick={() => player?.pause()}>
          <Trans>Pause</Trans>
        </Button>
      ) : (
        <Button kind="primary" size="s" className="play-button" icon={Play} onClick={() => player?.play()}>
          <Trans>Lecture</Trans>
        </Button>
      )}
      <Button
        size="s"
        iconOnly
        icon={StepForward}
        aria-label={t`Image suivante (point)`}
        onClick={() => player?.step(1)}
      />
      <Button
        size="s"
        iconOnly
        icon={SkipForward}
        aria-label={t`Absence suivante`}
        onClick={() => onAbsence(1)}
      />
      {player?.canReverse === false ? null : (
        <Button
          size="s"
          iconOnly
          icon={Rewind}
          aria-label={t`À rebours (J)`}
          aria-pressed={rate < 0}
          onClick={() => player?.setRate(-rate)}
        />
      )}
      <Speeds label={t`Vitesse de lecture`} rate={rate} onRate={(chosen) => player?.setRate(chosen)} />
      {children}
      <span className="push" />
      <Button
        size="s"
        iconOnly
        icon={ZoomOut}
        aria-label={t`Frise moins détaillée (−)`}
        onClick={() => onZoom(2)}
      />
      <Button
        size="s"
        iconOnly
        icon={ZoomIn}
        aria-label={t`Frise plus détaillée (+)`}
        onClick={() => onZoom(0.5)}
      />
      <Button size="s" icon={CalendarDays} onClick={onGoTo}>
        <Trans>Aller à…</Trans>
      </Button>
    </div>
  );
}
