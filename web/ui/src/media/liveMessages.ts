/** The text messages of the live and framing WebSockets, read defensively: what is not understood is named. */

/** What is being streamed; `masked` is the number of private zones burnt in. */
export interface StreamInfo {
  type: "stream";
  /** The view's id, which the page signs to go on with it. */
  view: string;
  codec: string;
  width: number;
  height: number;
  camera: { id: string; name: string; place: string };
  commune: { id: string; name: string };
  masked: number;
}

/** Sent every second by the server, whatever the camera does. */
export interface Beat {
  type: "beat";
  utcUs: number;
  state: string;
  cause: string;
  lastUnitUs: number | undefined;
}

/** Why pictures may not be shown: the rule, what happened, what to do. `away` is passing: a service is restarting. */
export interface Refusal {
  type: "refused" | "withdrawn" | "away";
  kind: string;
  rule: string;
  what: string;
  todo: string;
}

export type LiveMessage = StreamInfo | Beat | Refusal | { type: "restart" } | { type: "late" };

/** A message that this page does not understand; the connection is not to be trusted further. */
export class MessageUnknown extends Error {
  override name = "MessageUnknown";
}

type Fields = Record<string, unknown>;

export function asFields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

export const asText = (value: unknown): string => (typeof value === "string" ? value : "");
export const asNumber = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) ? value : 0;
export const asMaybeNumber = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;

function named(value: unknown): { id: string; name: string } {
  const fields = asFields(value);
  return { id: asText(fields.id), name: asText(fields.name) };
}

/** Reads a refusal or withdrawal from its fields. */
export function readRefusal(fields: Fields, type: Refusal["type"]): Refusal {
  return {
    type,
    kind: asText(fields.kind),
    rule: asText(fields.rule),
    what: asText(fields.what),
    todo: asText(fields.todo),
  };
}

/** Parses one text message; throws `MessageUnknown` on anything else than the messages above. */
export function readLiveMessage(raw: string): LiveMessage {
  const fields = parseFields(raw);
  switch (fields.type) {
    case "stream":
      return {
        type: "stream",
        view: asText(fields.view),
        codec: asText(fields.codec),
        width: asNumber(fields.width),
        height: asNumber(fields.height),
        camera: { ...named(fields.camera), place: asText(asFields(fields.camera).place) },
        commune: named(fields.commune),
        masked: asNumber(fields.masked),
      };
    case "beat":
      return {
        type: "beat",
        utcUs: asNumber(fields.utc_us),
        state: asText(fields.state),
        cause: asText(fields.cause),
        lastUnitUs: asMaybeNumber(fields.last_unit_us),
      };
    case "refused":
    case "withdrawn":
    case "away":
      return readRefusal(fields, fields.type);
    case "dark":
      return { type: "beat", utcUs: 0, state: "dark", cause: asText(fields.cause), lastUnitUs: undefined };
    case "restart":
    case "late":
      return { type: fields.type };
    default:
      throw new MessageUnknown(`message of type ${String(fields.type)}`);
  }
}

/** Parses a JSON object; throws `MessageUnknown` when the text is none. */
export function parseFields(raw: string): Fields {
  try {
    return asFields(JSON.parse(raw));
  } catch {
    throw new MessageUnknown("text that is not JSON");
  }
}
