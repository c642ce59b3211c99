/** What this page signs: an act and what it is on, in the session and under the motive it acts with (decision 0015). */
import { hasPageKey, signWish } from "./pageKey";
import { Problem } from "./problem";

const SESSION = "/api/v1/session";
/** One read of the session serves all that is signed at once: a wall opens many views. */
const FRESH_MS = 2_000;

/** What is asked for; the rest of the wish is the session's. */
export interface WishPart {
  act: string;
  cameras?: string[];
  from_us?: number;
  to_us?: number;
  view?: string;
  request?: string;
  public?: string;
  args?: Record<string, unknown>;
}

interface Facts {
  id: string;
  moment: string;
  acting: { commune: string; purpose: string; motive: string } | null;
}

let read: { facts: Promise<Facts | null>; atMs: number } | undefined;

/** What is signed next is signed for the session as it is then: it was just opened, or acts for something else. */
export function forgetFacts(): void {
  read = undefined;
}

async function readFacts(): Promise<Facts | null> {
  try {
    const request = new Request(new URL(SESSION, window.location.origin), { cache: "no-store" });
    const response = await fetch(request);
    if (!response.ok) throw new TypeError("no session to read");
    return (await response.json()) as Facts | null;
  } catch {
    read = undefined;
    throw new Problem({ type: "urn:guet:unreachable" }, 0);
  }
}

/** The signed wish; empty when this browser has no key of the session, and the server will say so. */
export async function signed(part: WishPart): Promise<string> {
  if (!(await hasPageKey())) return "";
  if (read === undefined || performance.now() - read.atMs > FRESH_MS)
    read = { facts: readFacts(), atMs: performance.now() };
  const facts = await read.facts;
  if (facts === null) return "";
  const { acting } = facts;
  const nonce = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  return signWish(facts.id, {
    session: facts.id,
    moment: facts.moment,
    nonce,
    commune: acting?.commune ?? "",
    purpose: acting?.purpose ?? "",
    motive: acting?.motive ?? "",
    ...part,
  });
}
