import { useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";

export type StepState = "done" | "current" | "todo" | "bad";

export interface Step {
  key: string;
  label: ReactNode;
  detail?: ReactNode;
  detail2?: ReactNode;
  state: StepState;
}

interface StepsProps {
  steps: readonly Step[];
  label: string;
  vertical?: boolean;
  /** Number of the first step when the list goes on from another. */
  from5?: boolean;
}

/** Steps in order. The state is in words for a screen reader, in shape and number for the eye. */
export function Steps({ steps, label, vertical, from5 }: StepsProps) {
  const { t } = useLingui();
  const words: Record<StepState, string> = {
    done: t`fait`,
    current: t`en cours`,
    todo: t`à venir`,
    bad: t`en échec`,
  };
  return (
    <ol
      className={["steps", vertical && "steps-v", from5 && "from-5"].filter(Boolean).join(" ")}
      aria-label={label}
    >
      {steps.map((step) => (
        <li
          key={step.key}
          className={step.state === "done" ? "done" : step.state === "bad" ? "bad" : undefined}
          aria-current={step.state === "current" ? "step" : undefined}
        >
          <b>
            {step.label}
            <span className="vh"> : {words[step.state]}</span>
          </b>
          {step.detail ? <small>{step.detail}</small> : null}
          {step.detail2 ? <small>{step.detail2}</small> : null}
        </li>
      ))}
    </ol>
  );
}
