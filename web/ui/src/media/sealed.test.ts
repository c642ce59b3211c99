// @vitest-environment node
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Bytes, concat, decodeBase64 } from "./bytes";
import { groupContext } from "./groupContext";
import { CHUNK_BYTES, checkDigest, openSealed, SealedDamaged } from "./sealed";

interface Sealed {
  number: number;
  size: number;
  key: string;
  sealed: string;
}
const file = new URL("./testdata/opening.json", import.meta.url);
const { camera, segment, groups } = JSON.parse(readFileSync(file, "utf8")) as {
  camera: string;
  segment: string;
  groups: Sealed[];
};
const SEALED_CHUNK_BYTES = CHUNK_BYTES + 16;
const HEAD_BYTES = 56;

function pattern(size: number): Bytes {
  return Uint8Array.from({ length: size }, (_, at) => (7 * at) % 251);
}

function open(group: Sealed, sealed = decodeBase64(group.sealed), number = group.number): Promise<Bytes> {
  return openSealed(decodeBase64(group.key), groupContext(camera, segment, number), sealed);
}

function only(size: number): Sealed {
  const group = groups.find((each) => each.size === size);
  if (group === undefined) throw new Error(`no vector of ${size} bytes`);
  return group;
}

describe("opening a sealed group", () => {
  it.each(groups)("opens $size bytes sealed by another implementation", async (group) => {
    expect(await open(group)).toEqual(pattern(group.size));
  });

  it.each(groups)("refuses every kind of flipped bit in $size bytes", async (group) => {
    const sealed = decodeBase64(group.sealed);
    const places = [0, 23, 24, 55, HEAD_BYTES, sealed.length - 1, Math.floor(sealed.length / 2)];
    for (const place of places) {
      const altered = sealed.slice();
      altered[place] = (altered[place] ?? 0) ^ (1 << (place % 8));
      await expect(open(group, altered)).rejects.toBeInstanceOf(SealedDamaged);
    }
  });

  it.each(groups)("refuses every truncation and addition of $size bytes", async (group) => {
    const sealed = decodeBase64(group.sealed);
    const lengths = [
      0,
      1,
      24,
      55,
      56,
      71,
      HEAD_BYTES + SEALED_CHUNK_BYTES,
      sealed.length - 1,
      sealed.length - 16,
    ];
    for (const length of lengths.filter((each) => each < sealed.length)) {
      await expect(open(group, sealed.slice(0, length))).rejects.toBeInstanceOf(SealedDamaged);
    }
    for (const more of [1, 16, SEALED_CHUNK_BYTES]) {
      await expect(open(group, concat(sealed, new Uint8Array(more)))).rejects.toBeInstanceOf(SealedDamaged);
    }
  });

  it("refuses the place of another group, segment or camera, and another key", async () => {
    const group = only(16_385);
    const sealed = decodeBase64(group.sealed);
    const key = decodeBase64(group.key);
    const contexts = [
      groupContext(camera, segment, group.number + 1),
      groupContext(camera, segment.replace("main", "sub"), group.number),
      groupContext("valclair-c08", segment, group.number),
      new Uint8Array(0),
    ];
    for (const context of contexts) {
      await expect(openSealed(key, context, sealed)).rejects.toBeInstanceOf(SealedDamaged);
    }
    const context = groupContext(camera, segment, group.number);
    await expect(
      openSealed(
        key.map((byte) => byte ^ 1),
        context,
        sealed,
      ),
    ).rejects.toBeInstanceOf(SealedDamaged);
    await expect(openSealed(key.slice(1), context, sealed)).rejects.toBeInstanceOf(SealedDamaged);
  });

  it("refuses exchanged chunks", async () => {
    const group = only(16_385);
    const sealed = decodeBase64(group.sealed);
    const first = sealed.slice(HEAD_BYTES, HEAD_BYTES + SEALED_CHUNK_BYTES);
    const doubled = concat(
      sealed.slice(0, HEAD_BYTES),
      first,
      first,
      sealed.slice(HEAD_BYTES + SEALED_CHUNK_BYTES),
    );
    await expect(open(group, doubled)).rejects.toBeInstanceOf(SealedDamaged);
  });

  it("checks the plaintext against the digest of its header", async () => {
    const plain = pattern(100);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", plain));
    await expect(checkDigest(plain, digest)).resolves.toBeUndefined();
    await expect(checkDigest(pattern(99), digest)).rejects.toBeInstanceOf(SealedDamaged);
    await expect(checkDigest(plain, digest.slice(1))).rejects.toBeInstanceOf(SealedDamaged);
  });
});
