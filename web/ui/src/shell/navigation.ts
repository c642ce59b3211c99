import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import {
  Archive,
  BadgeCheck,
  Cctv,
  DoorOpen,
  FileText,
  HardDrive,
  History,
  Inbox,
  LayoutGrid,
  type LucideIcon,
  MessageCircleQuestionMark,
  Radar,
  ScrollText,
  Stamp,
  Users,
} from "lucide-react";
import type { Role } from "../api/session";

export interface Entry {
  to: string;
  word: MessageDescriptor;
  icon: LucideIcon;
  /** Shows how many requests wait. */
  counts?: boolean;
  /** Only for whoever the mayor named beforehand (decision 0016). */
  named?: boolean;
}

const WALL: Entry = { to: "/mur", word: msg`Mur`, icon: LayoutGrid };
const REPLAY: Entry = { to: "/relecture", word: msg`Relecture`, icon: History };
const DECIDE: Entry = { to: "/decider", word: msg`À décider`, icon: Stamp, counts: true };
const REQUESTS: Entry = { to: "/demandes", word: msg`Demandes`, icon: Inbox, counts: true };
const REQUESTS_QUIET: Entry = { ...REQUESTS, counts: false };
const COLLECTIONS: Entry = { ...REQUESTS_QUIET, word: msg`Collectes` };
const CAMERAS: Entry = { to: "/cameras", word: msg`Caméras`, icon: Cctv };
const DISCOVERY: Entry = { to: "/decouverte", word: msg`Découverte`, icon: Radar };
const AUTHORISATION: Entry = { to: "/autorisation", word: msg`Autorisation`, icon: BadgeCheck };
const RETENTION: Entry = { to: "/conservation", word: msg`Conservation`, icon: Archive };
const STORAGE: Entry = { to: "/stockage", word: msg`Stockage`, icon: HardDrive };
const PEOPLE: Entry = { to: "/habilitations", word: msg`Habilitations`, icon: Users };
const DOCUMENTS: Entry = { to: "/documents", word: msg`Documents`, icon: FileText };
const JOURNAL: Entry = { to: "/journal", word: msg`Journal`, icon: ScrollText };
const EMERGENCY: Entry = { to: "/ouverture-exceptionnelle", word: msg`Ouverture à deux`, icon: DoorOpen };
const EMERGENCY_NAMED: Entry = { ...EMERGENCY, named: true };
const WHY: Entry = { to: "/pourquoi", word: msg`Pourquoi ?`, icon: MessageCircleQuestionMark };

/** What each role can ever do, most used first (four fit on a phone). Nothing greyed. */
export const NAVIGATION: Record<Role, readonly Entry[]> = {
  officer: [WALL, REPLAY, REQUESTS, CAMERAS, EMERGENCY_NAMED],
  chief: [
    REQUESTS,
    WALL,
    CAMERAS,
    REPLAY,
    DISCOVERY,
    AUTHORISATION,
    RETENTION,
    STORAGE,
    PEOPLE,
    JOURNAL,
    EMERGENCY_NAMED,
  ],
  mayor: [
    DECIDE,
    REQUESTS_QUIET,
    CAMERAS,
    PEOPLE,
    AUTHORISATION,
    RETENTION,
    STORAGE,
    JOURNAL,
    EMERGENCY,
    DOCUMENTS,
    WHY,
    WALL,
    REPLAY,
  ],
  deputy: [
    DECIDE,
    REQUESTS_QUIET,
    CAMERAS,
    PEOPLE,
    AUTHORISATION,
    RETENTION,
    STORAGE,
    JOURNAL,
    EMERGENCY,
    WHY,
    WALL,
    REPLAY,
  ],
  state_agent: [REPLAY, COLLECTIONS],
  secretary: [REQUESTS],
  csu_operator: [WALL],
  installer: [DISCOVERY, CAMERAS],
  auditor: [JOURNAL, EMERGENCY, DOCUMENTS, WHY, RETENTION, STORAGE, AUTHORISATION, PEOPLE],
  inspector: [DOCUMENTS, JOURNAL, WHY, RETENTION, AUTHORISATION, PEOPLE, CAMERAS],
  host_admin: [],
};

/** Where a role starts. */
export function homeOf(role: Role): string {
  return NAVIGATION[role][0]?.to ?? "/hebergeur";
}
