/**
 * The page's own key: made at sign-in, never copied out of this browser, for one session only. What opens pictures,
 * keys or rights is signed with it, so that a server taken over cannot ask in a person's name (decision 0015).
 */
import { type Bytes, concat, encodeBase64 } from "../media/bytes";

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };
const DATABASE = "guet";
const STORE = "page-key";
const SLOT = "session";
/** Where a key waits while its page is at an identity provider. */
const AWAY = "away";
const text = new TextEncoder();
const CONTEXT = text.encode("guet/wish/v1\0");

/** A key kept for a session; the private half is a non-extractable WebCrypto key. */
interface Kept {
  session: string;
  privateKey: CryptoKey;
}

/** A key that waits, and its public point. */
interface Parked {
  privateKey: CryptoKey;
  point: Bytes;
}

/** A fresh key on its way to a session. */
export interface NewKey {
  /** What the keeper binds to the session: base64url of the point; empty where the browser has no WebCrypto. */
  publicKey: string;
  /** SHA-256 of the point, which ends a passkey's challenge. */
  hash: Bytes;
  /** Keeps it while the page is away at an identity provider. */
  park(): Promise<void>;
  /** Keeps it for the session that was opened with it, in place of any other. */
  keep(session: string): Promise<void>;
}

let kept: Kept | undefined;

export const base64url = (bytes: Uint8Array): string =>
  encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** Runs one request on the store; undefined where this browser keeps nothing. */
async function stored<T>(
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T | undefined> {
  if (typeof indexedDB === "undefined") return undefined;
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  try {
    const database = await settled(opening);
    try {
      return await settled(ask(database.transaction(STORE, mode).objectStore(STORE)));
    } finally {
      database.close();
    }
  } catch {
    return undefined; // a browser that keeps nothing still has the key until the page is left
  }
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error ?? new Error("IndexedDB"));
  });

/** Makes the key of the session that is about to be opened. */
export async function newPageKey(): Promise<NewKey> {
  if (globalThis.crypto?.subtle === undefined) return NONE;
  const pair = await crypto.subtle.generateKey(CURVE, false, ["sign"]);
  return keyOf(pair.privateKey, new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
}

/** The key that was parked before the page left, once; none where this browser has kept nothing. */
export async function takeParkedKey(): Promise<NewKey> {
  const parked = (await stored("readonly", (store) => store.get(AWAY))) as Parked | undefined;
  await stored("readwrite", (store) => store.delete(AWAY));
  return parked === undefined ? NONE : keyOf(parked.privateKey, parked.point);
}

const nothing = async () => undefined;
const NONE: NewKey = { publicKey: "", hash: new Uint8Array(0), park: nothing, keep: nothing };

async function keyOf(privateKey: CryptoKey, point: Bytes): Promise<NewKey> {
  return {
    publicKey: base64url(point),
    hash: new Uint8Array(await crypto.subtle.digest("SHA-256", point)),
    park: async () => {
      const row: Parked = { privateKey, point };
      await stored("readwrite", (store) => store.put(row, AWAY));
    },
    keep: async (session) => {
      kept = { session, privateKey };
      const row = kept;
      await stored("readwrite", (store) => store.put(row, SLOT));
    },
  };
}

/** Destroys the key: its session was closed. */
export async function forgetPageKey(): Promise<void> {
  kept = undefined;
  await stored("readwrite", (store) => store.delete(SLOT));
}

/** Whether this browser has a key at all; another tab may have made it. */
export async function hasPageKey(): Promise<boolean> {
  kept ??= (await stored("readonly", (store) => store.get(SLOT))) as Kept | undefined;
  return kept !== undefined;
}

/** The token of a wish under the key of `session`; empty when this browser has not made that session's key. */
export async function signWish(session: string, wish: Record<string, unknown>): Promise<string> {
  if (kept?.session !== session)
    kept = (await stored("readonly", (store) => store.get(SLOT))) as Kept | undefined;
  if (kept?.session !== session) return "";
  const body = text.encode(JSON.stringify(wish));
  const signature = await crypto.subtle.sign(SIGNATURE, kept.privateKey, concat(CONTEXT, body));
  return `${base64url(body)}.${base64url(new Uint8Array(signature))}`;
}
