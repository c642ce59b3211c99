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
import type { KeyboardEvent, ReactNode } from "react";
import { formatDate, formatOffset, formatTime } from "../../i18n/format";
import { SPEEDS, type Transportable } from "../../media/replayState";
import { Button } from "../../parts";
import { otherRate } from "./useReplayKeys";

const SPEED_WORDS: Record<number, string> = {
  0.25: "×¼",
  0.5: "×½",
  1: "×1",
  2: "×2",
  4: "×4",
  8: "×8",
  16: "×16",
};

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
      <Speeds rate={rate} onRate={(chosen) => player?.setRate(chosen)} />
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

/** One stop; arrows choose. */
function Speeds({ rate, onRate }: { rate: number; onRate: (rate: number) => void }) {
  const { t } = useLingui();
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key] as 1 | -1 | undefined;
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = otherRate(rate, by);
    onRate(next);
    event.currentTarget.querySelector<HTMLElement>(`[data-speed="${Math.abs(next)}"]`)?.focus();
  };
  return (
    <div className="seg" role="radiogroup" aria-label={t`Vitesse de lecture`} onKeyDown={onKeyDown}>
      {SPEEDS.map((each) => (
        // biome-ignore lint/a11y/useSemanticElements: see above
        <button
          key={each}
          type="button"
          role="radio"
          data-speed={each}
          aria-checked={each === Math.abs(rate)}
          tabIndex={each === Math.abs(rate) ? 0 : -1}
          onClick={() => onRate(rate < 0 ? -each : each)}
        >
          {rate < 0 ? SPEED_WORDS[each]?.replace("×", "−") : SPEED_WORDS[each]}
        </button>
      ))}
    </div>
  );
}
