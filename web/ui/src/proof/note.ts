/** Signed notes (C2SP signed-note) and checkpoints (C2SP tlog-checkpoint), Ed25519 only. */
import { concat, fromBase64, sha256 } from "./bytes";

const ED25519 = 0x01;
const NEWLINE = new Uint8Array([0x0a]);

/** The three lines of a checkpoint. */
export interface CheckpointText {
  origin: string;
  size: number;
  root: Uint8Array<ArrayBuffer>;
}

/** Reads a note's text; null when it is no checkpoint. */
export function parseCheckpoint(note: string): CheckpointText | null {
  const [origin = "", sizeText = "", rootText = ""] = note.split("\n");
  if (origin === "" || !/^(0|[1-9][0-9]*)$/.test(sizeText)) return null;
  try {
    const root = fromBase64(rootText);
    return root.length === 32 ? { origin, size: Number(sizeText), root } : null;
  } catch {
    return null;
  }
}

/** Whether one signature line of the note is by this verifier key (`name+hash+base64(0x01 ‖ key)`). */
export async function isSignedBy(note: string, vkey: string): Promise<boolean> {
  const cut = note.lastIndexOf("\n\n");
  const key = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey.trim());
  if (cut < 0 || !key) return false;
  const [, name = "", id = "", encoded = ""] = key;
  const material = fromBase64(encoded);
  if (material[0] !== ED25519 || material.length !== 33) return false;
  const encodedName = new TextEncoder().encode(name);
  const digest = await sha256(encodedName, NEWLINE, material);
  const expected = Array.from(digest.slice(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (expected !== id) return false;
  const text = new TextEncoder().encode(note.slice(0, cut + 1));
  const publicKey = await crypto.subtle.importKey("raw", material.slice(1), "Ed25519", false, ["verify"]);
  for (const line of note.slice(cut + 2).split("\n")) {
    const match = /^\u2014 (\S+) (\S+)$/.exec(line);
    if (!match || match[1] !== name) continue;
    const signature = fromBase64(match[2] ?? "");
    if (signature.length !== 68) continue;
    const sameKey = concat(signature.slice(0, 4)).every((byte, index) => byte === digest[index]);
    if (sameKey && (await crypto.subtle.verify("Ed25519", publicKey, signature.slice(4), text))) return true;
  }
  return false;
}
