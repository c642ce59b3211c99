// @vitest-environment node
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Bytes, concat, decodeBase64 } from "./bytes";
import { checkDigest, openSealed, openWith, SealedDamaged } from "./sealed";
import { GROUP_HEADER_BYTES, groupContext, readGroup } from "./sealedGroup";

/** The vectors that Python's tests use too. */
const golden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../../tests/golden/segment/${name}`, import.meta.url), "utf8"));
const hex = (value: string): Bytes => new Uint8Array(Buffer.from(value, "hex"));
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

interface C2spVector {
  name: string;
  expect: "success" | "failure";
  key: string;
  context: string;
  ciphertext: string | null;
  compressed?: boolean;
  payload_sha256?: string;
  payload_length?: number;
}

describe("C2SP chunked encryption (published vectors, of SHA-256)", () => {
  const { vectors } = golden("chunked-encryption.json") as { vectors: C2spVector[] };

  it.each(vectors)("$name: $expect", async (vector) => {
    const raw = decodeBase64(vector.ciphertext ?? "");
    const sealed = vector.compressed ? new Uint8Array(inflateSync(raw)) : raw;
    const opening = openWith("SHA-256", hex(vector.key), new TextEncoder().encode(vector.context), sealed);
    if (vector.expect === "failure") return expect(opening).rejects.toBeInstanceOf(SealedDamaged);
    const plain = await opening;
    expect(plain).toHaveLength(vector.payload_length ?? -1);
    expect(sha256(plain)).toBe(vector.payload_sha256);
  });
});

describe("a stored segment", () => {
  interface Group {
    number: number;
    utc_us: number;
    duration_us: number;
    offset: number;
    length: number;
    plain_sha256: string;
    group_key: string;
    context: string;
  }
  const segment = golden("vectors.json") as { camera: string; name: string; file: string; groups: Group[] };
  const file = hex(segment.file);
  const stored = (group: Group): Bytes =>
    file.slice(group.offset - GROUP_HEADER_BYTES, group.offset + group.length);
  const context = (group: Group): Bytes => groupContext(segment.camera, segment.name, group.number);

  it.each(segment.groups)("opens group $number at its place, and nowhere else", async (group) => {
    expect(Buffer.from(context(group)).toString("hex")).toBe(group.context);
    const { header, sealed } = readGroup(stored(group), group.number);
    expect([header.startUs, header.endUs]).toEqual([group.utc_us, group.utc_us + group.duration_us]);
    const plain = await openSealed(hex(group.group_key), context(group), sealed);
    expect(sha256(plain)).toBe(group.plain_sha256);
    await expect(checkDigest(plain, header.sha256)).resolves.toBeUndefined();
    await expect(checkDigest(plain.slice(1), header.sha256)).rejects.toBeInstanceOf(SealedDamaged);
    const elsewhere = [
      groupContext(segment.camera, segment.name, group.number + 1),
      groupContext(segment.camera, segment.name.replace("main", "sub"), group.number),
      groupContext("valclair-c08", segment.name, group.number),
    ];
    for (const other of elsewhere) {
      await expect(openSealed(hex(group.group_key), other, sealed)).rejects.toBeInstanceOf(SealedDamaged);
    }
  });

  it("refuses flipped bits, truncation and additions anywhere in the sealed bytes", async () => {
    for (const group of segment.groups) {
      const { sealed } = readGroup(stored(group), group.number);
      const open = (bytes: Bytes): Promise<Bytes> => openSealed(hex(group.group_key), context(group), bytes);
      for (let place = 0; place < sealed.length; place += 97) {
        const altered = sealed.slice();
        altered[place] = (altered[place] ?? 0) ^ (1 << (place % 8));
        await expect(open(altered)).rejects.toBeInstanceOf(SealedDamaged);
        await expect(open(sealed.slice(0, place))).rejects.toBeInstanceOf(SealedDamaged);
      }
      for (const more of [1, 16, 16_400]) {
        await expect(open(concat(sealed, new Uint8Array(more)))).rejects.toBeInstanceOf(SealedDamaged);
      }
    }
  });

  it("refuses a header of another group, another format or another length", () => {
    const [first] = segment.groups;
    if (first === undefined) throw new Error("no groups");
    const bytes = stored(first);
    expect(() => readGroup(bytes, first.number + 1)).toThrow(SealedDamaged);
    expect(() => readGroup(bytes.slice(0, 75), first.number)).toThrow(SealedDamaged);
    expect(() => readGroup(bytes.slice(0, -1), first.number)).toThrow(SealedDamaged);
    expect(() => readGroup(concat(bytes, Uint8Array.of(0)), first.number)).toThrow(SealedDamaged);
    expect(() => readGroup(concat(new TextEncoder().encode("GRP2"), bytes.slice(4)), first.number)).toThrow(
      SealedDamaged,
    );
  });
});
