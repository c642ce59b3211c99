import { useLingui } from "@lingui/react/macro";
import { CircleAlert } from "lucide-react";
import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from "react";

interface FieldProps {
  label: ReactNode;
  help?: ReactNode;
  /** What is wrong and how to repair it. */
  error?: ReactNode;
  wide?: boolean;
}

interface FrameProps extends FieldProps {
  id: string;
  children: ReactNode;
}

function Frame({ id, label, help, error, wide, children }: FrameProps) {
  return (
    <div className={wide ? "field wide" : "field"}>
      <label htmlFor={id}>{label}</label>
      {children}
      {error ? (
        <p className="err" id={`${id}-err`}>
          <CircleAlert className="ic" aria-hidden />
          <span>{error}</span>
        </p>
      ) : null}
      {help ? (
        <p className="help" id={`${id}-help`}>
          {help}
        </p>
      ) : null}
    </div>
  );
}

function described(id: string, help: ReactNode, error: ReactNode): string | undefined {
  const ids = [error ? `${id}-err` : "", help ? `${id}-help` : ""].filter(Boolean);
  return ids.length > 0 ? ids.join(" ") : undefined;
}

type Native<T> = Omit<T, keyof FieldProps | "className">;

/** A labelled text, password, date… input. */
export function TextField(
  props: FieldProps & Native<InputHTMLAttributes<HTMLInputElement>> & { dense?: boolean },
) {
  const made = useId();
  const { label, help, error, wide = false, dense, id = made, ...input } = props;
  return (
    <Frame id={id} label={label} help={help} error={error} wide={wide}>
      <input
        {...input}
        id={id}
        className={dense ? "inp inp-s" : "inp"}
        aria-invalid={error ? true : undefined}
        aria-describedby={described(id, help, error)}
      />
    </Frame>
  );
}

/** The code of a second factor, from an application or written down; browsers may fill it in. */
export function CodeField({ autoFocus }: { autoFocus?: boolean }) {
  const { t } = useLingui();
  return (
    <TextField
      label={t`Code à usage unique`}
      name="code"
      required
      maxLength={100}
      autoComplete="one-time-code"
      autoCapitalize="none"
      spellCheck={false}
      autoFocus={autoFocus}
      help={t`Les six chiffres de votre application, ou un code de secours.`}
    />
  );
}

/** A labelled list of choices. */
export function SelectField(
  props: FieldProps & Native<SelectHTMLAttributes<HTMLSelectElement>> & { dense?: boolean },
) {
  const made = useId();
  const { label, help, error, wide = false, dense, id = made, children, ...select } = props;
  return (
    <Frame id={id} label={label} help={help} error={error} wide={wide}>
      <select
        {...select}
        id={id}
        className={dense ? "inp inp-s" : "inp"}
        aria-invalid={error ? true : undefined}
        aria-describedby={described(id, help, error)}
      >
        {children}
      </select>
    </Frame>
  );
}

/** A labelled text of several lines. */
export function TextArea(props: FieldProps & Native<TextareaHTMLAttributes<HTMLTextAreaElement>>) {
  const made = useId();
  const { label, help, error, wide = false, id = made, ...area } = props;
  return (
    <Frame id={id} label={label} help={help} error={error} wide={wide}>
      <textarea
        rows={2}
        {...area}
        id={id}
        className="inp"
        aria-invalid={error ? true : undefined}
        aria-describedby={described(id, help, error)}
      />
    </Frame>
  );
}

/** A check box with its word beside it. */
export function Check({
  label,
  ...input
}: { label: ReactNode } & Native<InputHTMLAttributes<HTMLInputElement>>) {
  return (
    <label className="check">
      <input {...input} type="checkbox" />
      <span>{label}</span>
    </label>
  );
}

export interface Choice<T extends string> {
  value: T;
  label: ReactNode;
  detail?: ReactNode;
}

interface ChoicesProps<T extends string> {
  legend: ReactNode;
  name: string;
  choices: readonly Choice<T>[];
  value: T | null;
  onChange: (value: T) => void;
  hideLegend?: boolean;
  columns?: boolean;
  error?: ReactNode;
}

/** Exclusive choices, each with the sentence that it needs. */
export function Choices<T extends string>(props: ChoicesProps<T>) {
  const { legend, name, choices, value, onChange, hideLegend, columns, error } = props;
  const errorId = useId();
  return (
    <fieldset className="stack-s" aria-describedby={error ? errorId : undefined}>
      <legend className={hideLegend ? "vh" : undefined}>{legend}</legend>
      <div className={columns ? "opts-2" : "stack-s"}>
        {choices.map((choice) => (
          <label className="opt" key={choice.value}>
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={value === choice.value}
              onChange={() => onChange(choice.value)}
            />
            <span>{choice.label}</span>
            {choice.detail ? <small>{choice.detail}</small> : null}
          </label>
        ))}
      </div>
      {error ? (
        <p className="err" id={errorId}>
          <CircleAlert className="ic" aria-hidden />
          <span>{error}</span>
        </p>
      ) : null}
    </fieldset>
  );
}
