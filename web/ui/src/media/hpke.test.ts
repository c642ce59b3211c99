// @vitest-environment node
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Bytes, concat } from "./bytes";
import { decapsulate, generateReceiver, HpkeRefused, openHpke, type Receiver } from "./hpke";

interface Vector {
  kem_id: number;
  info: string;
  skRm: string;
  pkRm: string;
  enc: string;
  shared_secret: string;
  encryptions: { aad: string; ct: string; pt: string }[];
}
const file = new URL("../../../../tests/golden/segment/hpke.json", import.meta.url);
const X25519_KEM = 0x20;
const vector = (JSON.parse(readFileSync(file, "utf8")) as Vector[]).find(
  (each) => each.kem_id === X25519_KEM,
);
const message = vector?.encryptions[0];
if (vector === undefined || message === undefined) throw new Error("no X25519 vector");

const hex = (value: string): Bytes => new Uint8Array(Buffer.from(value, "hex"));
const info = hex(vector.info);
const aad = hex(message.aad);
const sealed = concat(hex(vector.enc), hex(message.ct));

/** WebCrypto imports a private X25519 key as PKCS #8 only: its fixed 16-byte head, then the 32 bytes. */
async function receiver(privateKey: Bytes, publicKey: Bytes): Promise<Receiver> {
  const pkcs8 = concat(hex("302e020100300506032b656e04220420"), privateKey);
  const imported = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "X25519" }, false, ["deriveBits"]);
  return { privateKey: imported, publicKey };
}
const page = await receiver(hex(vector.skRm), hex(vector.pkRm));

describe("HPKE receiver", () => {
  it("derives the shared secret and opens the message of RFC 9180's vector", async () => {
    const secret = Buffer.from(await decapsulate(page, hex(vector.enc))).toString("hex");
    expect(secret).toBe(vector.shared_secret);
    expect(await openHpke(page, sealed, info, aad)).toEqual(hex(message.pt));
  });

  it("refuses another purpose, another permit, another page and any altered byte", async () => {
    const other = new TextEncoder().encode("other");
    await expect(openHpke(page, sealed, other, aad)).rejects.toBeInstanceOf(HpkeRefused);
    await expect(openHpke(page, sealed, info, other)).rejects.toBeInstanceOf(HpkeRefused);
    await expect(openHpke(await generateReceiver(), sealed, info, aad)).rejects.toBeInstanceOf(HpkeRefused);
    for (let place = 0; place < sealed.length; place += 1) {
      // Bit 255 of an X25519 point is ignored by definition, so flip another one.
      const altered = sealed.map((byte, at) => (at === place ? byte ^ 0x10 : byte));
      await expect(openHpke(page, altered, info, aad)).rejects.toBeInstanceOf(HpkeRefused);
    }
    await expect(openHpke(page, sealed.slice(0, 47), info, aad)).rejects.toBeInstanceOf(HpkeRefused);
  });

  it("refuses a low-order encapsulated key", async () => {
    const zeroed = sealed.slice().fill(0, 0, 32);
    await expect(openHpke(page, zeroed, info, aad)).rejects.toBeInstanceOf(HpkeRefused);
  });

  it("makes a key that cannot leave the page", async () => {
    const fresh = await generateReceiver();
    expect(fresh.publicKey).toHaveLength(32);
    expect(fresh.privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey("pkcs8", fresh.privateKey)).rejects.toThrow();
  });
});
