/** C2SP signed notes, Ed25519 only, in the one form that the specification allows: no other text may pass for signed. */
import type { Bytes } from "../../media/bytes";
import { concat, equal, fromBase64, toHex } from "../../proof/bytes";
import { sha256Of } from "./digest";
import { Refused } from "./refused";

const ED25519 = 0x01;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const SIGNATURES_LIMIT = 100;
const NOT_IN_NAME = /[\s\p{Cc}+]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** A public key with its name: what a `vkey` text says. */
export interface Verifier {
  name: string;
  key: Bytes;
  id: Bytes;
}

/** This browser has no Ed25519: nothing can be said of a signature. */
export class NoEd25519 extends Error {
  override name = "NoEd25519";
}

function isName(name: string): boolean {
  return name !== "" && !NOT_IN_NAME.test(name);
}

/** Strict base64: the one encoding of its bytes. */
function decoded(text: string): Bytes | undefined {
  try {
    const bytes = fromBase64(text);
    return btoa(String.fromCharCode(...bytes)) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Reads `name+id+key`; undefined when the three do not belong together. */
export function parseVkey(text: string): Verifier | undefined {
  const [name = "", id = "", ...rest] = text.trim().split("+");
  const material = decoded(rest.join("+"));
  if (!isName(name) || material?.[0] !== ED25519 || material.length !== 1 + KEY_BYTES) return undefined;
  const keyId = sha256Of(new TextEncoder().encode(`${name}\n`), material).slice(0, KEY_ID_BYTES);
  return toHex(keyId) === id ? { name, key: material.slice(1), id: keyId } : undefined;
}

/** The text of a verifier key in its one form, without the end of line. */
export function vkeyText({ name, key, id }: Verifier): string {
  return `${name}+${toHex(id)}+${btoa(String.fromCharCode(ED25519, ...key))}`;
}

export function isSameKey(a: Verifier, b: Verifier): boolean {
  return a.name === b.name && equal(a.key, b.key);
}

/** SHA-256 of the public key in groups of four, as it is printed and read out. */
export function fingerprint({ key }: Verifier): string {
  return (toHex(sha256Of(key)).match(/.{4}/g) ?? []).join(" ");
}

interface Signature {
  name: string;
  id: Bytes;
  value: Bytes;
}

/** The text of a note and its signature lines; `Refused` when it is not in its one form. */
function parted(note: string): { text: string; signatures: Signature[] } {
  const cut = note.lastIndexOf("\n\n");
  const text = note.slice(0, cut + 1);
  const tail = note.slice(cut + 2);
  if (cut < 0 || !tail.endsWith("\n") || CONTROL.test(text)) throw new Refused("note-unreadable");
  const lines = tail.slice(0, -1).split("\n");
  if (lines.length > SIGNATURES_LIMIT) throw new Refused("note-unreadable");
  return { text, signatures: lines.map(signatureIn) };
}

function signatureIn(line: string): Signature {
  const [dash, name = "", encoded = "", ...more] = line.split(" ");
  const blob = decoded(encoded);
  if (
    dash !== "\u2014" ||
    more.length > 0 ||
    !isName(name) ||
    blob === undefined ||
    blob.length <= KEY_ID_BYTES
  ) {
    throw new Refused("note-unreadable");
  }
  return { name, id: blob.slice(0, KEY_ID_BYTES), value: blob.slice(KEY_ID_BYTES) };
}

/** What a note says, and whether `by` signed it. */
export interface ReadNote {
  text: string;
  signatures: number;
  isSigned: boolean;
}

/**
 * Reads a note and checks the signature of one key.
 *
 * @throws Refused("signature-false") when that key's signature does not hold; NoEd25519
 */
export async function readNote(note: string, by: Verifier): Promise<ReadNote> {
  const { text, signatures } = parted(note);
  const own = signatures.filter(({ name, id }) => name === by.name && equal(id, by.id));
  for (const { value } of own) {
    if (!(await holds(by.key, value, new TextEncoder().encode(text)))) throw new Refused("signature-false");
  }
  return { text, signatures: signatures.length, isSigned: own.length > 0 };
}

async function holds(key: Bytes, signature: Bytes, text: Bytes): Promise<boolean> {
  let known: CryptoKey;
  try {
    known = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
  } catch (error) {
    throw new NoEd25519(String(error));
  }
  return crypto.subtle.verify("Ed25519", known, signature, text);
}

/** The bytes as UTF-8, or `Refused` with the name of the file that is not. */
export function textOf(bytes: Bytes, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(concat(bytes));
  } catch {
    throw new Refused("unreadable-file", { name });
  }
}
