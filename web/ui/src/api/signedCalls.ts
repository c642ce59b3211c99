/** Which calls a page signs, and what it signs for them (decision 0015); `deploy/admin/signed_paths.py` says the same. */
import type { WishPart } from "./signed";

/** Address → act. What the address names and what the body says are the act's arguments; the commune stands apart. */
const SIGNED: Readonly<Record<string, string>> = {
  "/communes/{commune}/people": "add_person",
  "/communes/{commune}/habilitations": "grant",
  "/communes/{commune}/people/{person}/recovery": "approve_recovery",
  "/communes/{commune}/authorisations/{order}/withdraw": "withdraw_order",
  "/communes/{commune}/groupings/{grouping}/consent": "consent",
  "/communes/{commune}/retention/confirm-time": "confirm_time",
  "/communes/{commune}/emergencies": "ask_emergency",
  "/communes/{commune}/emergencies/persons": "name_emergency_persons",
  "/communes/{commune}/emergencies/confirm": "confirm_emergency",
  "/cameras/{camera_id}/framing/open": "open_framing",
  "/cameras/{camera_id}/zones/{zone_set}/validate": "validate_zones",
  "/communes/{commune}/collections": "collect",
  "/requests/{request}/decision": "decide",
  "/requests/{request}/extract": "export",
  "/requests/{request}/package/key": "export",
  "/account/passkeys": "passkey_register",
  "/account/providers/return": "provider_link",
};

type Fields = Record<string, unknown>;

/** What is signed for a POST to this address of the contract; undefined where nothing is. */
export function wishOf(path: string, named: Fields, body: Fields): WishPart | undefined {
  const act = SIGNED[path];
  if (act === undefined) return undefined;
  if (act === "export") return { act, request: String(named.request), public: String(body.public ?? "") };
  if (act === "passkey_register") return { act, args: { id: (body.answer as Fields).rawId } };
  if (act === "provider_link") return { act, args: { state: body.state, code: body.code } };
  const { commune: _, camera_id: camera, ...rest } = named;
  return { act, args: { ...(camera === undefined ? {} : { camera }), ...rest, ...body } };
}
