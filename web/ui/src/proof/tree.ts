/** The journal's tree as RFC 6962 defines it: leaf and node hashes, roots, inclusion proofs. */
import { equal, sha256 } from "./bytes";

type Hash = Uint8Array<ArrayBuffer>;

const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);
const RECORD_CONTEXT = new TextEncoder().encode("guet/journal/v1\0");

/** The salted hash of a record: the data of its leaf (E-05). */
export function commitment(salt: Uint8Array, record: string): Promise<Hash> {
  return sha256(RECORD_CONTEXT, salt, new TextEncoder().encode(record));
}

export function leafHash(data: Uint8Array): Promise<Hash> {
  return sha256(LEAF, data);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Hash> {
  return sha256(NODE, left, right);
}

/** The root over leaf hashes, level by level; an odd last node rises as it is. */
export async function rootOf(leaves: readonly Hash[]): Promise<Hash> {
  if (leaves.length === 0) return sha256();
  let level = [...leaves];
  while (level.length > 1) {
    const pairs: Promise<Hash>[] = [];
    for (let index = 0; index + 1 < level.length; index += 2) {
      pairs.push(nodeHash(level[index] as Hash, level[index + 1] as Hash));
    }
    const next = await Promise.all(pairs);
    const odd = level.length % 2 === 1 ? level.at(-1) : undefined;
    if (odd) next.push(odd);
    level = next;
  }
  return level[0] as Hash;
}

/** Whether a leaf hash is the `index`-th of the `size` under `root` (RFC 9162, 2.1.3.2). */
export async function isIncluded(
  leaf: Hash,
  index: number,
  size: number,
  proof: readonly Hash[],
  root: Uint8Array,
): Promise<boolean> {
  if (index < 0 || index >= size) return false;
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = await nodeHash(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      hash = await nodeHash(hash, sibling);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && equal(hash, root);
}
