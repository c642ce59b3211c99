import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import {
  Ban,
  Box,
  CircleCheck,
  CircleX,
  Clock,
  CopyX,
  EyeOff,
  FileX,
  History,
  Hourglass,
  Link2,
  LoaderCircle,
  Lock,
  type LucideIcon,
  MessageCircleQuestionMark,
  Minus,
  Pause,
  ShieldCheck,
  ShieldOff,
  Sparkles,
  Stamp,
  TriangleAlert,
  Unplug,
} from "lucide-react";
import type { ReactNode } from "react";

type Tone = "" | "ok" | "warn" | "danger" | "info" | "hold";

interface StateLook {
  word: MessageDescriptor;
  tone: Tone;
  /** No icon: the dot of "live". */
  icon: LucideIcon | null;
}

/** The closed list of states: a new state needs its word, its shape and its tone here. */
export const STATES = {
  live: { word: msg`En direct`, tone: "ok", icon: null },
  frozen: { word: msg`Figée`, tone: "warn", icon: Pause },
  lost: { word: msg`Signal perdu`, tone: "danger", icon: Unplug },
  cut: { word: msg`Coupée`, tone: "danger", icon: EyeOff },
  "no-picture": { word: msg`Sans image`, tone: "", icon: Lock },
  "not-playable": { word: msg`Non lisible`, tone: "", icon: FileX },
  suspended: { word: msg`Suspendue`, tone: "", icon: Pause },
  retired: { word: msg`Retirée`, tone: "", icon: Ban },
  refused: { word: msg`Refusée`, tone: "", icon: Ban },
  connecting: { word: msg`Connexion`, tone: "info", icon: LoaderCircle },
  recorded: { word: msg`Enregistrement`, tone: "info", icon: History },
  absent: { word: msg`Absence`, tone: "danger", icon: Unplug },
  "in-step": { word: msg`Au pas`, tone: "ok", icon: Link2 },
  stopped: { word: msg`À l’arrêt`, tone: "", icon: Minus },
  "in-service": { word: msg`En service`, tone: "ok", icon: CircleCheck },
  "in-force": { word: msg`En vigueur`, tone: "ok", icon: CircleCheck },
  expiring: { word: msg`Expire bientôt`, tone: "warn", icon: Clock },
  expired: { word: msg`Échue`, tone: "danger", icon: Clock },
  withdrawn: { word: msg`Retirée`, tone: "", icon: Ban },
  "not-yet": { word: msg`Pas encore`, tone: "", icon: Hourglass },
  "no-image-right": { word: msg`Sans image`, tone: "", icon: EyeOff },
  unavailable: { word: msg`Indisponible`, tone: "", icon: Lock },
  clear: { word: msg`Habilité`, tone: "ok", icon: CircleCheck },
  "hold-provisional": { word: msg`Provisoire`, tone: "hold", icon: Lock },
  "hold-confirmed": { word: msg`Confirmé`, tone: "hold", icon: Lock },
  "hold-released": { word: msg`Levé`, tone: "", icon: Minus },
  received: { word: msg`Reçue`, tone: "info", icon: Stamp },
  "to-identify": { word: msg`Identité à vérifier`, tone: "warn", icon: Hourglass },
  answered: { word: msg`Répondue`, tone: "ok", icon: CircleCheck },
  lapsed: { word: msg`Tombée`, tone: "", icon: Minus },
  "to-decide": { word: msg`Décision attendue`, tone: "info", icon: Stamp },
  queried: { word: msg`Précisions demandées`, tone: "warn", icon: MessageCircleQuestionMark },
  approved: { word: msg`Autorisée`, tone: "ok", icon: CircleCheck },
  extracting: { word: msg`Extraction`, tone: "info", icon: Box },
  delivered: { word: msg`Remise`, tone: "ok", icon: CircleCheck },
  closed: { word: msg`Close`, tone: "", icon: Minus },
  new: { word: msg`Nouvelle`, tone: "info", icon: Sparkles },
  enrolled: { word: msg`Déjà enrôlée`, tone: "ok", icon: CircleCheck },
  duplicate: { word: msg`En double`, tone: "warn", icon: CopyX },
  impostor: { word: msg`Imposteur possible`, tone: "danger", icon: CircleX },
  "default-password": { word: msg`Mot de passe d’usine`, tone: "warn", icon: TriangleAlert },
  "not-hardened": { word: msg`Non durcie`, tone: "", icon: ShieldOff },
  "not-a-camera": { word: msg`Pas une caméra`, tone: "", icon: Minus },
  trusted: { word: msg`Maîtrisé`, tone: "ok", icon: ShieldCheck },
  untrusted: { word: msg`Non maîtrisé`, tone: "warn", icon: TriangleAlert },
  verified: { word: msg`Vérifié`, tone: "ok", icon: ShieldCheck },
  done: { word: msg`Fait`, tone: "ok", icon: CircleCheck },
  running: { word: msg`En cours`, tone: "info", icon: LoaderCircle },
  todo: { word: msg`À faire`, tone: "", icon: Hourglass },
  failed: { word: msg`Échec`, tone: "danger", icon: CircleX },
  "enough-room": { word: msg`Place suffisante`, tone: "ok", icon: CircleCheck },
  "soon-full": { word: msg`Bientôt plein`, tone: "warn", icon: TriangleAlert },
  full: { word: msg`Plein`, tone: "danger", icon: CircleX },
  grave: { word: msg`Grave`, tone: "danger", icon: CircleX },
  warning: { word: msg`Attention`, tone: "warn", icon: TriangleAlert },
} as const satisfies Record<string, StateLook>;

export type StateName = keyof typeof STATES;

/** A state said by a shape and a word; colour comes last. `children` replaces the word by a more exact one. */
export function StateTag({
  state,
  bare,
  children,
}: {
  state: StateName;
  bare?: boolean;
  children?: ReactNode;
}) {
  const { i18n } = useLingui();
  const { word, tone, icon: Icon }: StateLook = STATES[state];
  const classes = ["st", tone && `st-${tone}`, Icon ? "" : "st-dot", bare && "st-bare"].filter(Boolean);
  return (
    <span className={classes.join(" ")}>
      {Icon ? <Icon className="ic" aria-hidden /> : null}
      {children ?? i18n._(word)}
    </span>
  );
}
