/** A town with one request of the hour before, as the pages of requests read it. */
import type { RequestDetail } from "../api/requests";
import type { Role } from "../api/session";
import { nowUs } from "../i18n/format";
import { type Answers, CAMERA_ID, signedInAs } from "./render";

export const HOUR_US = 3_600_000_000;
export const NOW = Math.floor(nowUs() / 1_000_000) * 1_000_000;
export const SPAN = { from_us: NOW - 2 * HOUR_US, to_us: NOW - HOUR_US };

/** A request just registered, frozen and not decided, except for what is given. */
export const requestWith = (more: Partial<RequestDetail>): RequestDetail => ({
  ...SPAN,
  id: "d-1",
  number: "D-2026-0001",
  frame: "preliminaire",
  authority: "Brigade de Valclair",
  procedure_number: "",
  cameras: [CAMERA_ID],
  motive: "Abribus",
  state: "registered",
  registered_by: "Agent",
  registered_us: NOW,
  answer_by_us: null,
  hold: "g-1",
  decision: "",
  ground: "",
  asked: null,
  decided_by: "",
  decided_us: null,
  package: {},
  right: "",
  outcome: "",
  appointment_us: null,
  identity_by_us: null,
  basis: "",
  basis_fr: "",
  access: null,
  fields: {},
  comment: "",
  hold_detail: { id: "g-1", provisional: true, until_us: NOW + 360 * HOUR_US, active: true },
  extract: null,
  may_extract: false,
  grounds: [],
  part_grounds: [],
  outcomes: [],
  ...more,
});

/** What the server tells someone of that role who has just proved who they are, where this is the only request. */
export const oneRequest = (request: RequestDetail, role: Role, more: Answers = {}): Answers => ({
  ...signedInAs(role, { step_up_until_us: nowUs() + HOUR_US }),
  "GET /communes/valclair/cameras": { body: [] },
  "GET /communes/valclair/requests": { body: { requests: [request] } },
  [`GET /requests/${request.id}`]: { body: request },
  ...more,
});
