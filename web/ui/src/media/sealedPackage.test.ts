// @vitest-environment node
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Bytes, concat } from "./bytes";
import { SealedDamaged } from "./sealed";
import { openPackage } from "./sealedPackage";

interface Vector {
  package: string;
  package_key: string;
  sealed: string;
  plain_sha256: string;
  plain_bytes: number;
}

/** The vector that Python's tests open too. */
const path = new URL("../../../../tests/golden/package/vectors.json", import.meta.url);
const vector = JSON.parse(readFileSync(path, "utf8")) as Vector;
const hex = (value: string): Bytes => new Uint8Array(Buffer.from(value, "hex"));
const sealed = hex(vector.sealed);
const key = hex(vector.package_key);

/** The bytes as a network would bring them: in pieces of any length. */
function arriving(bytes: Uint8Array, step: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at + step));
      at += step;
    },
  });
}

async function opened(bytes: Uint8Array, step = 1000, name = vector.package, with_ = key): Promise<Bytes> {
  const parts: Bytes[] = [];
  for await (const part of openPackage(arriving(bytes, step), name, with_)) parts.push(part);
  return concat(...parts);
}

/** Where each part starts: its length, then its sealed bytes. */
function partsOf(bytes: Bytes): Bytes[] {
  const parts: Bytes[] = [];
  for (let at = 8; at < bytes.length; ) {
    const end = at + 4 + new DataView(bytes.buffer).getUint32(at);
    parts.push(bytes.slice(at, end));
    at = end;
  }
  return parts;
}

describe("a sealed package", () => {
  it.each([1, 7, 1000, 1 << 20])("opens, arriving %d bytes at a time", async (step) => {
    const plain = await opened(sealed, step);
    expect(plain).toHaveLength(vector.plain_bytes);
    expect(createHash("sha256").update(plain).digest("hex")).toBe(vector.plain_sha256);
  });

  const magic = sealed.slice(0, 8);
  const [first, second, third] = partsOf(sealed) as [Bytes, Bytes, Bytes];
  const flipped = sealed.slice();
  flipped[100] = (flipped[100] ?? 0) ^ 1;
  it.each<[string, Bytes]>([
    ["nothing", new Uint8Array(0)],
    ["no part", magic],
    ["another format", concat(Uint8Array.from(magic).fill(71), first, second, third)],
    ["its last part missing", concat(magic, first, second)],
    ["a part missing", concat(magic, first, third)],
    ["parts swapped", concat(magic, second, first, third)],
    ["a part twice", concat(magic, first, second, third, third)],
    ["cut", sealed.slice(0, -1)],
    ["cut in a length", concat(magic, first.slice(0, 2))],
    ["a byte added", concat(sealed, Uint8Array.of(0))],
    ["a bit flipped", flipped],
    ["an impossible length", concat(magic, Uint8Array.of(255, 255, 255, 255), second)],
  ])("is refused with %s", async (_, bytes) => {
    await expect(opened(bytes)).rejects.toBeInstanceOf(SealedDamaged);
  });

  it("is refused under another name or key", async () => {
    await expect(opened(sealed, 1000, "E-0140")).rejects.toBeInstanceOf(SealedDamaged);
    await expect(opened(sealed, 1000, vector.package, new Uint8Array(32))).rejects.toBeInstanceOf(
      SealedDamaged,
    );
    await expect(opened(sealed, 1000, vector.package, new Uint8Array(16))).rejects.toBeInstanceOf(
      SealedDamaged,
    );
  });
});
