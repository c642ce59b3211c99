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
import type { KeyboardEvent } from "react";
import { formatDate, formatOffset } from "../i18n/format";
import type { InStepPlayer, StepSnapshot } from "../media/inStep";
import { SPEEDS } from "../media/replayState";
import { otherRate } from "../room/replay/useReplayKeys";
import { clockText } from "./instants";

const SPEED_WORDS: Record<number, string> = { 0.25: "¼", 0.5: "½", 1: "1", 2: "2", 4: "4", 8: "8", 16: "16" };

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
      <Speeds rate={rate} onRate={(chosen) => player?.setRate(chosen)} />
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
  const sign = rate < 0 ? "−" : "×";
  return (
    <div className="seg" role="radiogroup" aria-label={t`Vitesse de lecture`} onKeyDown={onKeyDown}>
      {SPEEDS.map((each) => (
        // biome-ignore lint/a11y/useSemanticElements: one stop for the whole group, in the look of the other pages
        <button
          key={each}
          type="button"
          role="radio"
          data-speed={each}
          aria-checked={each === Math.abs(rate)}
          tabIndex={each === Math.abs(rate) ? 0 : -1}
          onClick={() => onRate(rate < 0 ? -each : each)}
        >
          {sign}
          {SPEED_WORDS[each]}
        </button>
      ))}
    </div>
  );
}
