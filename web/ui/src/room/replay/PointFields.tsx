import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { formatTime, fromParisFields, toParisFields } from "../../i18n/format";
import { Button, TextField } from "../../parts";
import { type Points, withPoint } from "./selection";

interface PointFieldsProps {
  points: Points;
  us: number;
  onPoints: (points: Points) => void;
}

/** The two ends of a selection, typed or taken at the position. */
export function PointFields({ points, us, onPoints }: PointFieldsProps) {
  const { t } = useLingui();
  return (
    <div className="io">
      <PointField which="inUs" label={t`Entrée`} hint="I" points={points} near={us} onPoints={onPoints} />
      <PointField which="outUs" label={t`Sortie`} hint="O" points={points} near={us} onPoints={onPoints} />
      <Button size="s" onClick={() => onPoints(withPoint(points, "inUs", Math.round(us)))}>
        <Trans>Entrée ici</Trans>
      </Button>
      <Button size="s" onClick={() => onPoints(withPoint(points, "outUs", Math.round(us)))}>
        <Trans>Sortie ici</Trans>
      </Button>
    </div>
  );
}

interface PointFieldProps {
  which: "inUs" | "outUs";
  label: string;
  hint: string;
  points: Points;
  near: number;
  onPoints: (points: Points) => void;
}

/** A typed point: the time of day, on the day of the position. */
function PointField({ which, label, hint, points, near, onPoints }: PointFieldProps) {
  const { t } = useLingui();
  const current = points[which];
  const [error, setError] = useState("");
  const submit = (text: string): void => {
    if (text.trim() === "") {
      onPoints({ ...points, [which]: undefined });
      setError("");
      return;
    }
    const clock = text.trim().replace(/h/i, ":");
    const day = toParisFields(current ?? near).date;
    const [found] = /^\d{1,2}:\d{2}(:\d{2})?$/.test(clock)
      ? fromParisFields(day, clock.padStart(5, "0"))
      : [];
    if (found === undefined) setError(t`Tapez une heure, par exemple 14:08:20.`);
    else {
      setError("");
      onPoints(withPoint(points, which, found));
    }
  };
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    submit(String(new FormData(event.currentTarget).get(which)));
  };
  return (
    <form onSubmit={onSubmit} key={current}>
      <TextField
        dense
        label={
          <>
            {label} <kbd>{hint}</kbd>
          </>
        }
        name={which}
        inputMode="numeric"
        autoComplete="off"
        placeholder="hh:mm:ss"
        defaultValue={current === undefined ? "" : formatTime(current, true)}
        error={error}
        onBlur={(event) => submit(event.currentTarget.value)}
      />
    </form>
  );
}
