import { describe, expect, it } from "vitest";
import { concat, fromHex, sha256, toHex } from "./bytes";
import { isSignedBy, parseCheckpoint } from "./note";
import { isIncluded, leafHash, nodeHash, rootOf } from "./tree";

// The inputs and roots of Certificate Transparency's reference tests (RFC 6962).
const INPUTS = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: Record<number, string> = {
  1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

const leaves = () => Promise.all(INPUTS.map((input) => leafHash(fromHex(input))));

type Hash = Uint8Array<ArrayBuffer>;

/** The proof by definition (RFC 6962, 2.1.1), independent of the verifier's walk. */
async function proofOf(all: Hash[], index: number): Promise<Hash[]> {
  if (all.length <= 1) return [];
  let split = 1;
  while (split * 2 < all.length) split *= 2;
  const [left, right] = [all.slice(0, split), all.slice(split)];
  return index < split
    ? [...(await proofOf(left, index)), await rootOf(right)]
    : [...(await proofOf(right, index - split)), await rootOf(left)];
}

describe("tree", () => {
  it("has the reference roots", async () => {
    const all = await leaves();
    for (const [size, root] of Object.entries(ROOTS)) {
      expect(toHex(await rootOf(all.slice(0, Number(size))))).toBe(root);
    }
    expect(toHex(await rootOf([]))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("accepts each true inclusion proof and refuses it changed in any way", async () => {
    const all = await leaves();
    for (let size = 1; size <= all.length; size += 1) {
      const some = all.slice(0, size);
      const root = await rootOf(some);
      for (const [index, leaf] of some.entries()) {
        const proof = await proofOf(some, index);
        expect(await isIncluded(leaf, index, size, proof, root)).toBe(true);
        const other = await leafHash(fromHex("ff"));
        expect(await isIncluded(other, index, size, proof, root)).toBe(false);
        expect(await isIncluded(leaf, index, size, [...proof, other], root)).toBe(false);
        if (proof.length > 0) expect(await isIncluded(leaf, index, size, proof.slice(1), root)).toBe(false);
        if (size > 1) expect(await isIncluded(leaf, (index + 1) % size, size, proof, root)).toBe(false);
      }
    }
  });

  it("refuses an index outside the tree", async () => {
    const [leaf] = (await leaves()) as [Hash];
    expect(await isIncluded(leaf, 1, 1, [], leaf)).toBe(false);
    expect(await isIncluded(leaf, -1, 1, [], leaf)).toBe(false);
    expect(toHex(await nodeHash(leaf, leaf))).not.toBe(toHex(leaf));
  });
});

async function signedNote(text: string, name: string) {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const material = concat(new Uint8Array([1]), raw);
  const id = (await sha256(new TextEncoder().encode(`${name}\n`), material)).slice(0, 4);
  const signature = new Uint8Array(
    await crypto.subtle.sign("Ed25519", pair.privateKey, new TextEncoder().encode(text)),
  );
  const encode = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
  return {
    note: `${text}\n\u2014 ${name} ${encode(concat(id, signature))}\n`,
    vkey: `${name}+${toHex(id)}+${encode(material)}`,
  };
}

describe("signed note", () => {
  const root = btoa(String.fromCharCode(...new Uint8Array(32).fill(7)));
  const text = `guet/valclair/2026-T4\n12\n${root}\n`;

  it("verifies what its key signed, and nothing else", async () => {
    const { note, vkey } = await signedNote(text, "guet");
    const { vkey: otherKey } = await signedNote(text, "guet");
    expect(await isSignedBy(note, vkey)).toBe(true);
    expect(await isSignedBy(note.replace("\n12\n", "\n13\n"), vkey)).toBe(false);
    expect(await isSignedBy(note, otherKey)).toBe(false);
    expect(await isSignedBy(note, vkey.replace("guet+", "autre+"))).toBe(false);
    expect(await isSignedBy("pas une note", vkey)).toBe(false);
    expect(await isSignedBy(note, "pas une clé")).toBe(false);
  });

  it("reads a checkpoint and refuses what is none", () => {
    expect(parseCheckpoint(text)).toMatchObject({ origin: "guet/valclair/2026-T4", size: 12 });
    expect(parseCheckpoint(`guet\n012\n${root}\n`)).toBeNull();
    expect(parseCheckpoint("guet\n12\nAAAA\n")).toBeNull();
    expect(parseCheckpoint("guet\n12\n***\n")).toBeNull();
    expect(parseCheckpoint("")).toBeNull();
  });
});
