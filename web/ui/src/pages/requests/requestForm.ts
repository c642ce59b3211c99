import type { Frame, NewRequest } from "../../api/requests";
import { instantOf, type TypedInstant } from "../../parts/DateFields";
import { type FieldName, FRAMES } from "./frames";

/** What the form holds while a request is typed. */
export interface RequestDraft {
  /** An agent of the State collects for themselves: no réquisition, no answer to wait for (P-73). */
  collects?: boolean;
  frame: Frame | null;
  fields: Partial<Record<FieldName, string>>;
  cameras: readonly string[];
  from: TypedInstant;
  to: TypedInstant;
  answer: TypedInstant;
  motive: string;
}

const EMPTY: TypedInstant = { date: "", time: "", later: false };

export const EMPTY_DRAFT: RequestDraft = {
  frame: null,
  fields: { delivery: "digital" },
  cameras: [],
  from: EMPTY,
  to: EMPTY,
  answer: EMPTY,
  motive: "",
};

/**
 * Fields shown under a frame; the preliminary inquiry also takes one of two authorisations (P-71), which only a
 * réquisition needs (P-73).
 */
export function shownFields(frame: Frame, collects = false): readonly FieldName[] {
  if (collects) return FRAMES[frame].fields.filter((name) => name !== "delivery");
  if (frame !== "preliminaire") return FRAMES[frame].fields;
  return [
    "prosecutor_authorisation",
    "general_instruction",
    "general_instruction_until",
    ...FRAMES[frame].fields,
  ];
}

/** Filled fields that another frame would drop. */
export function droppedFields(draft: RequestDraft, frame: Frame): FieldName[] {
  const kept = new Set(shownFields(frame, draft.collects));
  const filled = Object.entries(draft.fields).filter(([, value]) => value?.trim());
  return filled.map(([name]) => name as FieldName).filter((name) => !kept.has(name));
}

/** The draft under another frame, without what that frame has no use for. */
export function withFrame(draft: RequestDraft, frame: Frame): RequestDraft {
  const kept = new Set<string>(shownFields(frame, draft.collects));
  const fields = Object.fromEntries(Object.entries(draft.fields).filter(([name]) => kept.has(name)));
  return { ...draft, frame, fields };
}

const OPTIONAL: ReadonlySet<FieldName> = new Set([
  "prosecutor_authorisation",
  "general_instruction",
  "general_instruction_until",
  "delivery",
]);

export type Missing = FieldName | "frame" | "cameras" | "from" | "to" | "order" | "motive" | "authorisation";

/** What is still missing or contradictory, in the order of the form. */
export function missingOf(draft: RequestDraft): Missing[] {
  if (!draft.frame) return ["frame"];
  const filled = (name: FieldName) => Boolean(draft.fields[name]?.trim());
  const missing: Missing[] = [];
  if (
    draft.frame === "preliminaire" &&
    !draft.collects &&
    !filled("prosecutor_authorisation") &&
    !filled("general_instruction")
  ) {
    missing.push("authorisation");
  }
  if (
    filled("general_instruction") &&
    !filled("general_instruction_until") &&
    !filled("prosecutor_authorisation")
  ) {
    missing.push("general_instruction_until");
  }
  missing.push(
    ...shownFields(draft.frame, draft.collects).filter((name) => !OPTIONAL.has(name) && !filled(name)),
  );
  if (draft.cameras.length === 0) missing.push("cameras");
  const from = instantOf(draft.from);
  const to = instantOf(draft.to);
  if (from === null) missing.push("from");
  if (to === null) missing.push("to");
  if (from !== null && to !== null && to <= from) missing.push("order");
  if (draft.motive.trim().length < 3) missing.push("motive");
  return missing;
}

/** The request as the server wants it; null while something is missing. */
export function toRequest(draft: RequestDraft): NewRequest | null {
  const from = instantOf(draft.from);
  const to = instantOf(draft.to);
  if (!draft.frame || from === null || to === null || missingOf(draft).length > 0) return null;
  const fields: NewRequest["fields"] = {};
  for (const name of shownFields(draft.frame, draft.collects)) {
    const value = draft.fields[name]?.trim();
    if (!value) continue;
    if (name === "identity_checked") fields[name] = true;
    else if (name === "general_instruction_until") {
      const until = instantOf({ date: value, time: "23:59:59", later: false });
      if (until !== null) fields.general_instruction_until_us = until;
    } else fields[name] = value;
  }
  return {
    frame: draft.frame,
    fields,
    cameras: [...draft.cameras],
    from_us: from,
    to_us: to,
    motive: draft.motive.trim(),
    answer_by: instantOf(draft.answer),
  };
}
