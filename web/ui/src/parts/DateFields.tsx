import { CalendarDateTime, parseDate } from "@internationalized/date";
import { Trans, useLingui } from "@lingui/react/macro";
import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import {
  DateField as AriaDateField,
  DateInput,
  DateSegment,
  I18nProvider,
  Label,
  Text,
} from "react-aria-components";
import { formatOffset, fromParisFields, toParisFields } from "../i18n/format";
import { intlLocale } from "../i18n/locale";

function Segments() {
  return (
    <DateInput className="inp date-inp">
      {(segment) => <DateSegment className="date-seg" segment={segment} />}
    </DateInput>
  );
}

interface DateFieldProps {
  label: ReactNode;
  name: string;
  required?: boolean;
  /** ISO day, "2026-11-24". */
  defaultValue?: string;
  help?: ReactNode;
  error?: ReactNode;
  onChange?: (day: string) => void;
}

/** A day, in the order of the page's language whatever the browser's. The form gets it as "2026-11-24". */
export function DateField({ label, name, required, defaultValue, help, error, onChange }: DateFieldProps) {
  return (
    <I18nProvider locale={intlLocale()}>
      <AriaDateField
        className="field"
        name={name}
        isRequired={required ?? false}
        shouldForceLeadingZeros
        isInvalid={Boolean(error)}
        onChange={(day) => onChange?.(day?.toString() ?? "")}
        {...(defaultValue ? { defaultValue: parseDate(defaultValue) } : {})}
      >
        <Label className="lab">{label}</Label>
        <Segments />
        {error ? (
          <Text slot="errorMessage" className="err">
            <CircleAlert className="ic" aria-hidden />
            <span>{error}</span>
          </Text>
        ) : null}
        {help ? (
          <Text slot="description" className="help">
            {help}
          </Text>
        ) : null}
      </AriaDateField>
    </I18nProvider>
  );
}

/** What was typed; `later` chooses the second of the two instants of the doubled hour in autumn. */
export interface TypedInstant {
  /** "2026-11-24", or empty while incomplete. */
  date: string;
  /** "21:40:00", or empty while incomplete. */
  time: string;
  later: boolean;
}

/** An instant (µs UTC) as a field shows it, to the second. */
export function typedOf(us: number): TypedInstant {
  const fields = toParisFields(us);
  return { ...fields, later: fromParisFields(fields.date, fields.time).length === 2 && isLater(us, fields) };
}

function isLater(us: number, { date, time }: { date: string; time: string }): boolean {
  return us >= (fromParisFields(date, time)[1] ?? Number.POSITIVE_INFINITY);
}

/** The instant that was typed, µs UTC; null when incomplete or skipped by the change to summer time. */
export function instantOf(typed: TypedInstant): number | null {
  if (!typed.date || !typed.time) return null;
  const found = fromParisFields(typed.date, typed.time);
  return (typed.later ? found.at(-1) : found[0]) ?? null;
}

function toCalendar({ date, time }: TypedInstant): CalendarDateTime | null {
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  const [hour = 0, minute = 0, second = 0] = time.split(":").map(Number);
  return date && time ? new CalendarDateTime(year, month, day, hour, minute, second) : null;
}

interface ParisInstantProps {
  legend: ReactNode;
  value: TypedInstant;
  onChange: (value: TypedInstant) => void;
  error?: ReactNode;
  /** The first part takes the focus: for a dialog whose only question this is. */
  autoFocus?: boolean;
}

/** A date and a time of Paris. In the doubled hour of autumn it asks which one, by its offset. */
export function ParisInstant({ legend, value, onChange, error, autoFocus }: ParisInstantProps) {
  const { t } = useLingui();
  const complete = value.date !== "" && value.time !== "";
  const found = complete ? fromParisFields(value.date, value.time) : [];
  const skipped = complete && found.length === 0;
  const shown = skipped ? t`Cette heure n’existe pas ce jour-là : passage à l’heure d’été.` : error;
  return (
    <I18nProvider locale={intlLocale()}>
      <AriaDateField
        className="field"
        granularity="second"
        autoFocus={autoFocus ?? false}
        hourCycle={24}
        shouldForceLeadingZeros
        isInvalid={Boolean(shown)}
        value={toCalendar(value)}
        onChange={(typed) =>
          onChange(
            typed
              ? { ...value, date: typed.toString().slice(0, 10), time: typed.toString().slice(11, 19) }
              : { date: "", time: "", later: false },
          )
        }
      >
        <Label className="lab">{legend}</Label>
        <Segments />
        {shown ? (
          <Text slot="errorMessage" className="err">
            <CircleAlert className="ic" aria-hidden />
            <span>{shown}</span>
          </Text>
        ) : null}
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
      </AriaDateField>
    </I18nProvider>
  );
}
