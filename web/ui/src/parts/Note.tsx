import { CircleCheck, Clock, Info, Lock, type LucideIcon, OctagonAlert, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

export type NoteKind = "info" | "ok" | "warn" | "danger" | "hold" | "off";

const ICONS: Record<NoteKind, LucideIcon> = {
  info: Info,
  ok: CircleCheck,
  warn: TriangleAlert,
  danger: OctagonAlert,
  hold: Lock,
  off: Clock,
};

interface NoteProps {
  kind?: NoteKind;
  icon?: LucideIcon;
  /** The message itself, in bold; the rest explains. */
  title?: ReactNode;
  /** Spoken when it appears. */
  live?: boolean;
  children?: ReactNode;
}

/** A message in the page. Its first words are the message. */
export function Note({ kind = "info", icon, title, live, children }: NoteProps) {
  const Icon = icon ?? ICONS[kind];
  return (
    <div className={kind === "info" ? "note" : `note note-${kind}`} role={live ? "status" : undefined}>
      <Icon className="ic" aria-hidden />
      <div>
        {title ? <b className="strong">{title}</b> : null}
        {children}
      </div>
    </div>
  );
}
