import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Outcome } from "../../api/public";
import type { Frame, RequestDetail, RequestState } from "../../api/requests";
import type { StateName } from "../../parts";

interface FrameWords {
  name: MessageDescriptor;
  /** Article, as the law cites it. */
  article: MessageDescriptor;
  needs: MessageDescriptor;
  /** Fields that P-72 wants, in the order of the form. The server checks them. */
  fields: readonly FieldName[];
}

export type FieldName =
  | "authority"
  | "officer_name"
  | "officer_number"
  | "unit"
  | "procedure_number"
  | "offence"
  | "prosecutor_authorisation"
  | "general_instruction"
  | "general_instruction_until"
  | "instruction_number"
  | "text_reference"
  | "identity_checked"
  | "facts"
  | "delivery";

const JUDICIAL = ["authority", "unit", "officer_name", "officer_number"] as const;

/** The seven legal frames of a request; each decides what the form asks (P-72). */
export const FRAMES: Record<Frame, FrameWords> = {
  flagrance: {
    name: msg`Enquête de flagrance`,
    article: msg`art. 60-1 du code de procédure pénale`,
    needs: msg`Art. 60-1 du code de procédure pénale. Officier ou agent de police judiciaire.`,
    fields: [...JUDICIAL, "procedure_number", "offence", "delivery"],
  },
  preliminaire: {
    name: msg`Enquête préliminaire`,
    article: msg`art. 77-1-1 du code de procédure pénale`,
    needs: msg`Art. 77-1-1. Il faut l’autorisation du procureur ou son instruction générale.`,
    fields: [...JUDICIAL, "procedure_number", "offence", "delivery"],
  },
  information: {
    name: msg`Information judiciaire`,
    article: msg`art. 99-3 du code de procédure pénale`,
    needs: msg`Art. 99-3. Il faut le numéro d’instruction.`,
    fields: [...JUDICIAL, "instruction_number", "offence", "delivery"],
  },
  administrative: {
    name: msg`Procédure administrative`,
    article: msg`texte cité`,
    needs: msg`Il faut l’autorité et le texte qui la fonde.`,
    fields: ["authority", "officer_name", "text_reference", "procedure_number", "delivery"],
  },
  disciplinaire: {
    name: msg`Procédure disciplinaire`,
    article: msg`référence citée`,
    needs: msg`Il faut l’autorité et la référence de la procédure.`,
    fields: ["authority", "officer_name", "procedure_number", "delivery"],
  },
  droit_acces: {
    name: msg`Droit d’accès d’une personne`,
    article: msg`art. R. 253-6 du code de la sécurité intérieure`,
    needs: msg`Art. R. 253-6. La personne filmée demande ses propres images.`,
    fields: ["authority", "identity_checked", "delivery"],
  },
  article_40: {
    name: msg`Signalement au procureur`,
    article: msg`art. 40 du code de procédure pénale`,
    needs: msg`Art. 40. Vous avez constaté un crime ou un délit.`,
    fields: ["authority", "offence", "facts", "delivery"],
  },
};

export const FRAME_IDS = Object.keys(FRAMES) as Frame[];

export const FIELD_WORDS: Record<FieldName, MessageDescriptor> = {
  authority: msg`Autorité`,
  unit: msg`Unité ou service`,
  officer_name: msg`Nom du requérant`,
  officer_number: msg`Matricule`,
  procedure_number: msg`N° de procès-verbal ou de procédure`,
  offence: msg`Infraction visée`,
  prosecutor_authorisation: msg`Autorisation du procureur (référence)`,
  general_instruction: msg`Instruction générale (référence)`,
  general_instruction_until: msg`Instruction valable jusqu’au`,
  instruction_number: msg`N° d’instruction`,
  text_reference: msg`Texte qui fonde la demande`,
  identity_checked: msg`Identité vérifiée`,
  facts: msg`Faits, en bref`,
  delivery: msg`Forme de la remise`,
};

/** Frames under which an agent of the State collects without a réquisition: those of an inquiry (P-73). */
export const INQUIRIES: readonly Frame[] = ["flagrance", "preliminaire", "information"];

/** What a field is called; who collects asks nobody, and who reports writes to the prosecutor's office (P-77). */
export function fieldWord(name: FieldName, collects: boolean, frame: Frame | null): MessageDescriptor {
  if (frame === "article_40" && name === "authority") return msg`Parquet destinataire`;
  return collects && name === "officer_name" ? msg`Nom de l’agent` : FIELD_WORDS[name];
}

interface StateLook {
  state: StateName;
  /** Which of the six steps it stands at. */
  step: number;
}

/** The six steps, the same for requester, agent and mayor. */
export const REQUEST_STATES: Record<RequestState, StateLook> = {
  filed: { state: "to-identify", step: 2 },
  lapsed: { state: "lapsed", step: 2 },
  registered: { state: "to-decide", step: 3 },
  queried: { state: "queried", step: 2 },
  approved: { state: "extracting", step: 4 },
  refused: { state: "refused", step: 3 },
  answered: { state: "answered", step: 3 },
  packaged: { state: "extracting", step: 5 },
  received: { state: "delivered", step: 6 },
  purged: { state: "closed", step: 6 },
};

export const STEPS_COUNT = 6;

export interface Ground {
  id: string;
  word: MessageDescriptor;
  detail: MessageDescriptor;
  frames: readonly Frame[];
}

const REQUISITIONS: readonly Frame[] = [
  "flagrance",
  "preliminaire",
  "information",
  "administrative",
  "disciplinaire",
];

/** The only legal grounds of a refusal or of an execution in part (P-74, P-83); the server holds the same list. */
export const GROUNDS: readonly Ground[] = [
  {
    id: "requester_not_established",
    word: msg`Qualité du requérant non établie`,
    detail: msg`Ni officier ni agent de police judiciaire sous contrôle`,
    frames: REQUISITIONS,
  },
  {
    id: "authorisation_missing",
    word: msg`Autorisation du procureur absente ou échue`,
    detail: msg`Enquête préliminaire, art. 77-1-1`,
    frames: ["preliminaire"],
  },
  {
    id: "not_our_authority",
    word: msg`Hors de notre autorité`,
    detail: msg`Caméra d’une autre commune ou d’un autre responsable`,
    frames: [...REQUISITIONS, "droit_acces"],
  },
  {
    id: "not_a_recipient",
    word: msg`Pas une autorité habilitée à recevoir`,
    detail: msg`Particulier, assureur, presse : renvoi vers l’enquêteur`,
    frames: REQUISITIONS,
  },
  {
    id: "state_security",
    word: msg`Sûreté de l’État, défense ou sécurité publique`,
    detail: msg`La personne est dirigée vers la CNIL`,
    frames: ["droit_acces"],
  },
  {
    id: "proceedings",
    word: msg`Procédure en cours`,
    detail: msg`Déroulement de procédures ou d’opérations préliminaires`,
    frames: ["droit_acces"],
  },
  {
    id: "third_parties",
    word: msg`Droits des tiers`,
    detail: msg`D’autres personnes paraissent et ne peuvent être floutées`,
    frames: ["droit_acces"],
  },
  {
    id: "agreed_narrower",
    word: msg`Réduite avec l’accord du requérant`,
    detail: msg`Il a précisé le lieu ou l’heure des faits`,
    frames: [...REQUISITIONS, "droit_acces"],
  },
  {
    id: "partly_destroyed",
    word: msg`Le reste n’existe plus`,
    detail: msg`Images détruites à leur terme`,
    frames: [...REQUISITIONS, "droit_acces"],
  },
];

/** A ground in words. */
export function groundOf(id: string): Ground | undefined {
  return GROUNDS.find((ground) => ground.id === id);
}

/** A field of a request as text, empty when absent. */
export function fieldText(request: RequestDetail, name: FieldName): string {
  const value = request.fields[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** How a filmed person's request is granted (P-83, P-86). */
export const OUTCOMES: Record<Outcome, { word: MessageDescriptor; detail: MessageDescriptor }> = {
  viewing: {
    word: msg`Visionnage sur place, sur rendez-vous`,
    detail: msg`Les tiers sont masqués ou hors du cadre. La plage reste gelée jusqu’au lendemain.`,
  },
  copy: {
    word: msg`Copie recadrée`,
    detail: msg`Extraite, recadrée sans tiers reconnaissable, remise en main propre.`,
  },
  granted: {
    word: msg`Demande satisfaite`,
    detail: msg`La précision dit à la personne ce qui est fait.`,
  },
  none: {
    word: msg`Aucune image de la personne`,
    detail: msg`Rien d’enregistré, ou elle n’y paraît pas. Le gel est levé.`,
  },
};

/** The forms that a hand-over takes. */
export const DELIVERIES: Record<string, MessageDescriptor> = {
  digital: msg`Numérique, scellée pour le service`,
  medium: msg`Support non réinscriptible, remis en main propre`,
};
