import { Trans, useLingui } from "@lingui/react/macro";
import { CircleAlert } from "lucide-react";
import { type ReactNode, useId } from "react";
import { formatOffset, fromParisFields } from "../i18n/format";

/** What was typed; `later` chooses the second of the two instants of the doubled hour in autumn. */
export interface TypedInstant {
  date: string;
  time: string;
  later: boolean;
}

/** The instant that was typed, µs UTC; null when incomplete or skipped by the change to summer time. */
export function instantOf(typed: TypedInstant): number | null {
  if (!typed.date || !typed.time) return null;
  const found = fromParisFields(typed.date, typed.time);
  return (typed.later ? found.at(-1) : found[0]) ?? null;
}

interface ParisInstantProps {
  legend: ReactNode;
  value: TypedInstant;
  onChange: (value: TypedInstant) => void;
  error?: ReactNode;
}

/** A date and a time of Paris. In the doubled hour of autumn it asks which one, by its offset. */
export function ParisInstant({ legend, value, onChange, error }: ParisInstantProps) {
  const { t } = useLingui();
  const id = useId();
  const complete = value.date !== "" && value.time !== "";
  const found = complete ? fromParisFields(value.date, value.time) : [];
  const skipped = complete && found.length === 0;
  return (
    <fieldset className="field" aria-describedby={error || skipped ? `${id}-err` : undefined}>
      <legend>{legend}</legend>
      <div className="instant">
        <input
          className="inp"
          type="date"
          aria-label={t`Date`}
          value={value.date}
          aria-invalid={error || skipped ? true : undefined}
          onChange={(event) => onChange({ ...value, date: event.target.value })}
        />
        <input
          className="inp"
          type="time"
          step={1}
          aria-label={t`Heure de Paris`}
          value={value.time}
          aria-invalid={error || skipped ? true : undefined}
          onChange={(event) => onChange({ ...value, time: event.target.value })}
        />
      </div>
      {found.length === 2 ? (
        <label className="check">
          <input
            type="checkbox"
            checked={value.later}
            onChange={(event) => onChange({ ...value, later: event.target.checked })}
          />
          <span>
            <Trans>
              Cette heure est doublée : prendre la seconde ({formatOffset(found[1] ?? 0)}) plutôt que la
              première ({formatOffset(found[0] ?? 0)})
            </Trans>
          </span>
        </label>
      ) : null}
      {error || skipped ? (
        <p className="err" id={`${id}-err`}>
          <CircleAlert className="ic" aria-hidden />
          <span>{skipped ? t`Cette heure n’existe pas ce jour-là : passage à l’heure d’été.` : error}</span>
        </p>
      ) : null}
    </fieldset>
  );
}
