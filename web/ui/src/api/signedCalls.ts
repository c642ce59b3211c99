/** What a page signs for a call (decisions 0015 and 0032); which calls are signed is in the contract. */
import { SIGNED_CALLS } from "./acts.gen";
import type { WishPart } from "./signed";

type Fields = Record<string, unknown>;

/** A camera's account goes sealed to the provisioner: it is in no wish. */
const ACCOUNT: readonly string[] = ["username", "password"];

/** What an address names, as an act's arguments: the commune stands apart. */
function argsOf({ commune: _, camera_id: camera, ...rest }: Fields): Fields {
  return { ...(camera === undefined ? {} : { camera }), ...rest };
}

/** What is signed for a POST to this address of the contract; undefined where nothing is. */
export function wishOf(path: string, named: Fields, body: Fields): WishPart | undefined {
  const call = SIGNED_CALLS[path];
  if (call === undefined) return undefined;
  const { act, kind } = call;
  if (act === "export") return { act, request: String(named.request), public: String(body.public ?? "") };
  if (act === "passkey_register") return { act, args: { id: (body.answer as Fields).rawId } };
  if (act === "provider_link") return { act, args: { state: body.state, code: body.code } };
  if (kind !== undefined) {
    const asked = Object.entries(body).filter(([name]) => !ACCOUNT.includes(name));
    return { act, args: { kind, args: Object.fromEntries(asked) } };
  }
  return { act, args: { ...argsOf(named), ...body } };
}

/** What is signed for a file: what is said of it, and the SHA-256 of its bytes (hex). */
export function fileWishOf(path: string, named: Fields, query: Fields, sha256: string): WishPart | undefined {
  const call = SIGNED_CALLS[path];
  if (call?.digest === undefined) return undefined;
  return { act: call.act, args: { ...argsOf(named), ...query, [call.digest]: sha256 } };
}
