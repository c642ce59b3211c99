// @vitest-environment node
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Bytes, decodeBase64, encodeBase64 } from "./bytes";
import * as hpke from "./hpke";
import { downloadPackage, type PackageSource } from "./packageDownload";
import { SealedDamaged } from "./sealed";
import { PACKAGE_WINDOW_INFO } from "./sealedPackage";

const path = new URL("../../../../tests/golden/package/vectors.json", import.meta.url);
const vector = JSON.parse(readFileSync(path, "utf8")) as Record<
  "package" | "package_key" | "sealed",
  string
> & {
  plain_sha256: string;
};
const hex = (value: string): Bytes => new Uint8Array(Buffer.from(value, "hex"));
const asked: string[] = [];

function source(sealed: Bytes): PackageSource {
  return {
    sealed: () => Promise.resolve(new Blob([sealed]).stream()),
    key: (publicKey) => {
      asked.push(publicKey);
      return Promise.resolve({ package: vector.package, permit: "permit-1", sealed: "A".repeat(128) });
    },
  };
}

afterEach(() => vi.restoreAllMocks());

describe("a download", () => {
  it("opens the package with the key that is sealed to this page and this permit", async () => {
    const open = vi.spyOn(hpke, "openHpke").mockResolvedValue(hex(vector.package_key));
    const counted: number[] = [];
    const { name, content } = await downloadPackage(source(hex(vector.sealed)), (opened) =>
      counted.push(opened),
    );
    const plain = new Uint8Array(await content.arrayBuffer());
    expect(createHash("sha256").update(plain).digest("hex")).toBe(vector.plain_sha256);
    expect(name).toBe(`${vector.package}.zip`);
    expect(counted.at(-1)).toBe(plain.length);
    const [receiver, , info, permit] = open.mock.calls[0] ?? [];
    expect(encodeBase64(receiver?.publicKey ?? new Uint8Array(0))).toBe(asked.at(-1));
    expect(new TextDecoder().decode(info)).toBe(PACKAGE_WINDOW_INFO);
    expect(new TextDecoder().decode(permit)).toBe("permit-1");
  });

  it("makes another key pair each time", async () => {
    vi.spyOn(hpke, "openHpke").mockResolvedValue(hex(vector.package_key));
    await downloadPackage(source(hex(vector.sealed)));
    await downloadPackage(source(hex(vector.sealed)));
    expect(decodeBase64(asked.at(-1) ?? "")).toHaveLength(32);
    expect(asked.at(-1)).not.toBe(asked.at(-2));
  });

  it("gives nothing out when the key is not for this page", async () => {
    await expect(downloadPackage(source(hex(vector.sealed)))).rejects.toBeInstanceOf(hpke.HpkeRefused);
  });

  it("gives nothing out when the package was cut", async () => {
    vi.spyOn(hpke, "openHpke").mockResolvedValue(hex(vector.package_key));
    const cut = hex(vector.sealed).slice(0, -1);
    await expect(downloadPackage(source(cut))).rejects.toBeInstanceOf(SealedDamaged);
  });
});
