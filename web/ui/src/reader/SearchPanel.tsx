import { Trans, useLingui } from "@lingui/react/macro";
import { CalendarSearch, CircleAlert } from "lucide-react";
import { type FormEvent, type Ref, useId, useState } from "react";
import { formatDuration, formatOffset, fromParisFields, toParisFields } from "../i18n/format";
import { instantText } from "./instants";
import type { Stream } from "./package/manifest";
import { useCause } from "./useCause";
import { keyOf } from "./usePlayer";

interface SearchProps {
  streams: readonly Stream[];
  selected: number;
  us: number;
  dateField: Ref<HTMLInputElement>;
  onSelect: (at: number) => void;
  onGo: (us: number) => void;
}

interface Typed {
  date: string;
  time: string;
}

/** Day first, whatever the browser's own language: "24/11/2026", "15:10:00". */
function typedFields(us: number): Typed {
  const { date, time } = toParisFields(us);
  return { date: date.split("-").reverse().join("/"), time };
}

/** What was typed can mean: none, one, or the two instants of the doubled hour. */
function instantsOf({ date, time }: Typed): number[] {
  const day = /^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})$/.exec(date.trim());
  const clock = /^([0-9]{1,2})[:h]([0-9]{2})(?:[:m]([0-9]{2}))?$/.exec(time.trim());
  if (day === null || clock === null) return [];
  const [d, m, y] = day.slice(1).map((part) => part.padStart(2, "0"));
  const [h, min, s] = clock.slice(1).map((part) => (part ?? "00").padStart(2, "0"));
  return fromParisFields(`${y}-${m}-${d}`, `${h}:${min}:${s}`);
}

/** By camera, date and time (T-14): goes there, or says why no picture exists there. */
export function SearchPanel({ streams, selected, us, dateField, onSelect, onGo }: SearchProps) {
  const { t } = useLingui();
  const id = useId();
  const words = useCause();
  const [fields, setFields] = useState(() => typedFields(us));
  const [later, setLater] = useState(false);
  const [error, setError] = useState("");
  const [answer, setAnswer] = useState("");
  const found = instantsOf(fields);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const stream = streams[selected];
    const target = later ? (found[1] ?? found[0]) : found[0];
    setAnswer("");
    if (target === undefined || stream === undefined) {
      setError(t`Cet instant n’existe pas : corrigez la date ou l’heure.`);
      return;
    }
    const everFrom = Math.min(...streams.map((each) => each.fromUs));
    const everTo = Math.max(...streams.map((each) => each.toUs));
    if (target < everFrom || target >= everTo) {
      const [from, to] = [instantText(everFrom), instantText(everTo)];
      setError(t`Le paquet va du ${from} au ${to}.`);
      return;
    }
    setError("");
    onGo(target);
    const absence = stream.absences.find((each) => target >= each.fromUs && target < each.toUs);
    if (absence !== undefined) {
      const cause = words(absence.cause);
      const length = formatDuration(absence.toUs - absence.fromUs);
      setAnswer(t`Aucune image de cette caméra à cet instant : ${cause}, ${length}.`);
    }
  };
  return (
    <form className="stack-s" onSubmit={submit}>
      <h2>
        <Trans>Chercher</Trans>
      </h2>
      <div className="field">
        <label htmlFor={`${id}-camera`}>
          <Trans>Caméra</Trans>
        </label>
        <select
          id={`${id}-camera`}
          className="inp inp-s"
          value={selected}
          onChange={(event) => onSelect(Number(event.currentTarget.value))}
        >
          {streams.map((stream, at) => (
            <option key={keyOf(stream)} value={at}>
              {at + 1} · {stream.name}
            </option>
          ))}
        </select>
      </div>
      <div className="io">
        <div className="field">
          <label htmlFor={`${id}-date`}>
            <Trans>Date</Trans>
          </label>
          <input
            id={`${id}-date`}
            ref={dateField}
            className="inp inp-s"
            inputMode="numeric"
            autoComplete="off"
            placeholder={t`jj/mm/aaaa`}
            value={fields.date}
            aria-invalid={error !== ""}
            aria-describedby={`${id}-error`}
            onChange={(event) => setFields({ ...fields, date: event.currentTarget.value })}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-time`}>
            <Trans>Heure</Trans>
          </label>
          <input
            id={`${id}-time`}
            className="inp inp-s"
            inputMode="numeric"
            autoComplete="off"
            placeholder="hh:mm:ss"
            value={fields.time}
            aria-invalid={error !== ""}
            aria-describedby={`${id}-error`}
            onChange={(event) => setFields({ ...fields, time: event.currentTarget.value })}
          />
        </div>
      </div>
      {found.length > 1 ? (
        <label className="check small">
          <input
            type="checkbox"
            checked={later}
            onChange={(event) => setLater(event.currentTarget.checked)}
          />
          <Trans>Heure doublée : prendre la seconde ({formatOffset(found[1] ?? 0)})</Trans>
        </label>
      ) : null}
      <div id={`${id}-error`} role="status">
        {error === "" ? null : (
          <p className="err">
            <CircleAlert className="ic" aria-hidden />
            <span>{error}</span>
          </p>
        )}
        {answer === "" ? null : <p className="small">{answer}</p>}
      </div>
      <button type="submit" className="btn btn-s">
        <CalendarSearch className="ic" aria-hidden />
        <Trans>Aller à cet instant</Trans>
      </button>
    </form>
  );
}
