import { Trans } from "@lingui/react/macro";
import { Inbox, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

interface VoidProps {
  icon?: LucideIcon;
  title: ReactNode;
  tone?: "danger" | "warn";
  level?: 1 | 2 | 3;
  /** Spoken when it appears. */
  live?: boolean;
  actions?: ReactNode;
  children?: ReactNode;
}

/** What stands where content would: empty, failed or refused. Says what happens, what goes on, what to do. */
export function Void({ icon: Icon = Inbox, title, tone, level = 3, live, actions, children }: VoidProps) {
  const Title = `h${level}` as const;
  return (
    <div className={tone ? `void void-${tone}` : "void"} role={live ? "status" : undefined}>
      <Icon className="ic" aria-hidden />
      <Title>{title}</Title>
      {children}
      {actions ? <div className="row">{actions}</div> : null}
    </div>
  );
}

/** Nothing yet, and what comes next. */
export function EmptyState(props: Omit<VoidProps, "tone" | "live">) {
  return <Void {...props} />;
}

const WIDTHS = ["sk-40", "sk-80", "sk-60", "sk-80", "sk-40", "sk-60"];

/** Keeps the layout while a page loads, and names the limit. */
export function Loading({ rows = 6 }: { rows?: number }) {
  return (
    <div className="stack-s" role="status">
      {WIDTHS.slice(0, rows).map((width, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a fixed decoration
        <div key={index} className={`sk ${width}`} />
      ))}
      <p className="small dim">
        <Trans>Chargement, 20 s au plus.</Trans>
      </p>
    </div>
  );
}
