// @vitest-environment node
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Bytes, decodeBase64 } from "./bytes";
import { decapsulate, generateReceiver, HpkeRefused, openHpke, type Receiver } from "./hpke";

const { hpke } = JSON.parse(readFileSync(new URL("./testdata/opening.json", import.meta.url), "utf8")) as {
  hpke: Record<"private" | "public" | "info" | "aad" | "plain" | "sealed" | "sealed_without_aad", string>;
};
const utf8 = (value: string): Bytes => new TextEncoder().encode(value);
const hex = (value: string): Bytes => new Uint8Array(Buffer.from(value, "hex"));

/** WebCrypto imports a private X25519 key as PKCS #8 only: its fixed 16-byte head, then the 32 bytes. */
async function receiver(privateKey: Bytes, publicKey: Bytes): Promise<Receiver> {
  const pkcs8 = Buffer.concat([hex("302e020100300506032b656e04220420"), privateKey]);
  const imported = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "X25519" }, false, ["deriveBits"]);
  return { privateKey: imported, publicKey };
}

const ours = (): Promise<Receiver> => receiver(decodeBase64(hpke.private), decodeBase64(hpke.public));

describe("HPKE receiver", () => {
  it("derives the shared secret of RFC 9180 A.1.1", async () => {
    const page = await receiver(
      hex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"),
      hex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"),
    );
    const enc = hex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431");
    const secret = Buffer.from(await decapsulate(page, enc)).toString("hex");
    expect(secret).toBe("fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc");
  });

  it("opens what another implementation sealed, with and without additional data", async () => {
    const page = await ours();
    const info = utf8(hpke.info);
    expect(await openHpke(page, decodeBase64(hpke.sealed), info, utf8(hpke.aad))).toEqual(utf8(hpke.plain));
    const bare = decodeBase64(hpke.sealed_without_aad);
    expect(await openHpke(page, bare, info, utf8(""))).toEqual(utf8(hpke.plain));
  });

  it("refuses another purpose, another permit, another page and any altered byte", async () => {
    const page = await ours();
    const sealed = decodeBase64(hpke.sealed);
    const info = utf8(hpke.info);
    const aad = utf8(hpke.aad);
    await expect(openHpke(page, sealed, utf8("guet/other/v1"), aad)).rejects.toBeInstanceOf(HpkeRefused);
    await expect(openHpke(page, sealed, info, utf8("permit-18"))).rejects.toBeInstanceOf(HpkeRefused);
    await expect(openHpke(await generateReceiver(), sealed, info, aad)).rejects.toBeInstanceOf(HpkeRefused);
    for (const place of [0, 31, 32, sealed.length - 1]) {
      const altered = sealed.map((byte, at) => (at === place ? byte ^ 0x10 : byte));
      await expect(openHpke(page, altered, info, aad)).rejects.toBeInstanceOf(HpkeRefused);
    }
    await expect(openHpke(page, sealed.slice(0, 47), info, aad)).rejects.toBeInstanceOf(HpkeRefused);
  });

  it("refuses a low-order encapsulated key", async () => {
    const sealed = decodeBase64(hpke.sealed);
    sealed.fill(0, 0, 32);
    await expect(openHpke(await ours(), sealed, utf8(hpke.info), utf8(hpke.aad))).rejects.toBeInstanceOf(
      HpkeRefused,
    );
  });

  it("makes a key that cannot leave the page", async () => {
    const page = await generateReceiver();
    expect(page.publicKey).toHaveLength(32);
    expect(page.privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey("pkcs8", page.privateKey)).rejects.toThrow();
  });
});
