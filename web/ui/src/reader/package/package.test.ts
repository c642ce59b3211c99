import { describe, expect, it } from "vitest";
import { sha256, toHex } from "../../proof/bytes";
import { NotCanonical, parseCanonical } from "./canonical";
import { crc32, Sha256, sha256Of } from "./digest";
import { parseVkey, readNote, type Verifier, vkeyText } from "./notes";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("SHA-256 by pieces", () => {
  it("equals the browser's own, at every length around a block and however it is cut", async () => {
    const data = Uint8Array.from({ length: 300 }, (_, at) => (at * 131 + 7) & 0xff);
    for (let length = 0; length <= data.length; length += 1) {
      const whole = toHex(await sha256(data.subarray(0, length)));
      expect(toHex(sha256Of(data.subarray(0, length)))).toBe(whole);
      const cut = new Sha256();
      for (let at = 0; at < length; at += 1 + (length % 67))
        cut.update(data.subarray(at, Math.min(length, at + 1 + (length % 67))));
      expect(toHex(cut.digest())).toBe(whole);
    }
  });

  it("has the check value of CRC-32, whole and by pieces", () => {
    expect(crc32(bytes("123456789"))).toBe(0xcbf43926);
    expect(crc32(bytes("6789"), crc32(bytes("12345")))).toBe(0xcbf43926);
  });
});

describe("canonical JSON", () => {
  const canonical = [
    '{"a":[1,-2,0,25.0,29.97,1e-05,1e+16,0.0001,-0.0],"b":{"c":null,"d":"é\\"\\\\\\n\\u001f"},"e":true}',
    '{"\uffee":1,"\u{10000}":2}',
    '"2026"',
  ];
  it.each(canonical)("reads %s", (text) => expect(JSON.stringify(parseCanonical(text))).toBeTruthy());

  const others = [
    '{"b":1,"a":2}',
    '{"a":1,"a":2}',
    '{"a": 1}',
    '{"a":1} ',
    "[1,]",
    "01",
    "-0",
    "1.50",
    "25.",
    "1e5",
    "1E+16",
    "1e-5",
    "10000000000000000.0",
    '"\\u0041"',
    '"\\/"',
    '"\\u000a"',
    '"\\u001F"',
    '"\t"',
    '"\ud800"',
    "NaN",
    "nul",
    "",
    "[".repeat(5000),
  ];
  it.each(others)("refuses %s", (text) => expect(() => parseCanonical(text)).toThrow(NotCanonical));
});

async function signer(name: string): Promise<{ key: Verifier; sign: (text: string) => Promise<string> }> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const material = Uint8Array.of(1, ...raw);
  const id = sha256Of(bytes(`${name}\n`), material).slice(0, 4);
  const sign = async (text: string) => {
    const value = new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, bytes(text)));
    return `\u2014 ${name} ${btoa(String.fromCharCode(...id, ...value))}\n`;
  };
  return { key: { name, key: raw, id }, sign };
}

describe("signed notes", () => {
  it("tells who signed, and a signature that does not hold from one that is not there", async () => {
    const [own, other] = [await signer("commune.example/guet"), await signer("autre.example/guet")];
    const text = "guet/manifest/v1\nvalclair\n";
    const line = await own.sign(text);
    expect(await readNote(`${text}\n${line}`, own.key)).toEqual({ text, signatures: 1, isSigned: true });
    expect((await readNote(`${text}\n${line}`, other.key)).isSigned).toBe(false);
    await expect(readNote(`${text}x\n\n${line}`, own.key)).rejects.toThrow("signature-false");
    for (const wrong of [
      text,
      `${text}\n${line.trimEnd()}`,
      `${text}\n${line.slice(2)}`,
      `\u0007\n\n${line}`,
    ]) {
      await expect(readNote(wrong, own.key), wrong).rejects.toThrow("note-unreadable");
    }
  });

  it("reads a verifier key only in its one form", async () => {
    const { key } = await signer("commune.example/guet");
    const text = vkeyText(key);
    expect(parseVkey(`${text}\n`)).toEqual(key);
    for (const wrong of [
      text.replace("commune", "autre"),
      text.slice(0, -4),
      `${text}=`,
      "a+b+c",
      "",
      "++",
    ]) {
      expect(parseVkey(wrong), wrong).toBeUndefined();
    }
  });
});
