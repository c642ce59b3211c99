import { useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { TextField } from "./Field";

/** The longest motive that is taken, the rulebook's `motive_chars` (D-31); a test holds the two together. */
export const MOTIVE_MAX_CHARS = 120;

interface MotiveFieldProps {
  label?: ReactNode;
  help?: ReactNode;
  placeholder?: string;
  minLength?: number;
}

/** Why an act is done: asked for, short, in the form as `motive`. */
export function MotiveField({ label, ...more }: MotiveFieldProps) {
  const { t } = useLingui();
  return (
    <TextField
      {...more}
      label={label ?? t`Motif`}
      name="motive"
      required
      maxLength={MOTIVE_MAX_CHARS}
      autoComplete="off"
    />
  );
}
