import { useLingui } from "@lingui/react/macro";
import {
  Ban,
  CircleCheck,
  CircleX,
  Hourglass,
  Info,
  LoaderCircle,
  type LucideIcon,
  TriangleAlert,
} from "lucide-react";
import type { ReactNode } from "react";
import { RuleTag } from "./RuleTag";

export type CheckState = "ok" | "warn" | "danger" | "info" | "no" | "todo" | "running";

export interface CheckItem {
  key: string;
  state: CheckState;
  label: ReactNode;
  detail?: ReactNode;
  rule?: string | undefined;
  action?: ReactNode;
}

const LOOKS: Record<CheckState, { icon: LucideIcon; tone: string }> = {
  ok: { icon: CircleCheck, tone: "c-ok" },
  warn: { icon: TriangleAlert, tone: "c-warn" },
  danger: { icon: CircleX, tone: "c-danger" },
  info: { icon: Info, tone: "c-info" },
  no: { icon: Ban, tone: "dim" },
  todo: { icon: Hourglass, tone: "dim" },
  running: { icon: LoaderCircle, tone: "c-info" },
};

/** Results one by one: the result's shape first, its rule, its repair or action last. */
export function Checklist({ items, label }: { items: readonly CheckItem[]; label?: string }) {
  const { t } = useLingui();
  const words: Record<CheckState, string> = {
    ok: t`Oui`,
    warn: t`Attention`,
    danger: t`Échec`,
    info: t`Information`,
    no: t`Non`,
    todo: t`À faire`,
    running: t`En cours`,
  };
  return (
    <ul className="ck" aria-label={label}>
      {items.map((item) => {
        const { icon: Icon, tone } = LOOKS[item.state];
        return (
          <li key={item.key}>
            <span className={tone}>
              <Icon className="ic" aria-hidden />
              <span className="vh">{words[item.state]} : </span>
            </span>
            <span>
              {item.label}
              {item.detail || item.rule ? (
                <small>
                  {item.detail} <RuleTag rule={item.rule} />
                </small>
              ) : null}
            </span>
            {item.action ? <span>{item.action}</span> : null}
          </li>
        );
      })}
    </ul>
  );
}
