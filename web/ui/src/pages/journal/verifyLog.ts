import { type CheckpointView, type EntryProof, getTile } from "../../api/journal";
import { equal, fromBase64, fromHex, toHex } from "../../proof/bytes";
import { isSignedBy, parseCheckpoint } from "../../proof/note";
import { commitment, isIncluded, leafHash, rootOf } from "../../proof/tree";

const HASH_BYTES = 32;
const TILE_HASHES = 256;
/** Largest log that a page verifies whole; a longer one is for `vms audit verify`. */
const TILES_MAX = 400;

export type Verdict =
  | { ok: true; size: number; root: string }
  | { ok: false; why: "signature" | "checkpoint" | "root" | "tile" | "too-long"; tile?: number };

/** Verifies a whole log here: the checkpoint's signature, then the root recomputed from every leaf hash. */
export async function verifyLog(commune: string, view: CheckpointView): Promise<Verdict> {
  // 1. the note is signed by the commune's journal key
  if (!(await isSignedBy(view.checkpoint, view.vkey))) return { ok: false, why: "signature" };
  // 2. its text is a checkpoint
  const text = parseCheckpoint(view.checkpoint);
  if (!text) return { ok: false, why: "checkpoint" };
  // 3. every leaf hash, tile by tile, leads to its root
  const tiles = Math.ceil(text.size / TILE_HASHES);
  if (tiles > TILES_MAX) return { ok: false, why: "too-long" };
  const leaves: Uint8Array<ArrayBuffer>[] = [];
  for (let index = 0; index < tiles; index += 1) {
    const bytes = fromBase64((await getTile(commune, view.log, index)).data);
    const wanted = Math.min(TILE_HASHES, text.size - index * TILE_HASHES);
    // The log may have grown since the checkpoint: a tile may hold more than asked, never less.
    if (bytes.length < wanted * HASH_BYTES) return { ok: false, why: "tile", tile: index };
    for (let n = 0; n < wanted; n += 1) leaves.push(bytes.slice(n * HASH_BYTES, (n + 1) * HASH_BYTES));
  }
  if (!equal(await rootOf(leaves), text.root)) return { ok: false, why: "root" };
  return { ok: true, size: text.size, root: toHex(text.root) };
}

/** Verifies one entry here: its record opens its leaf, and the leaf is under the signed root. */
export async function verifyEntry(proof: EntryProof): Promise<boolean> {
  if (!(await isSignedBy(proof.checkpoint, proof.vkey))) return false;
  const text = parseCheckpoint(proof.checkpoint);
  if (!text) return false;
  const leaf = fromHex(proof.leaf_hash);
  if (proof.record !== null && proof.salt !== null) {
    const data = await commitment(fromHex(proof.salt), proof.record);
    if (!equal(await leafHash(data), leaf)) return false;
  }
  return isIncluded(leaf, proof.n, text.size, proof.proof.map(fromBase64), text.root);
}
