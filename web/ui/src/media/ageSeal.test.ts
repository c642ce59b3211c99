import { Decrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { describe, expect, it } from "vitest";
import { looksLikeRecipient, sealFor } from "./ageSeal";

describe("a package for one service", () => {
  it("opens with that service's key and with no other", async () => {
    const [ours, other] = [await generateX25519Identity(), await generateX25519Identity()];
    const content = new Blob([new Uint8Array(200_000).fill(7)]);
    const recipient = await identityToRecipient(ours);
    const sealed = await sealFor(recipient, { name: "p.zip", content });
    expect(sealed.name).toBe("p.zip.age");
    const bytes = new Uint8Array(await sealed.content.arrayBuffer());
    const open = async (identity: string) => {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      return decrypter.decrypt(bytes);
    };
    expect(await open(ours)).toEqual(new Uint8Array(await content.arrayBuffer()));
    await expect(open(other)).rejects.toThrow();
  });
  it("takes nothing that is no recipient", async () => {
    const good = await identityToRecipient(await generateX25519Identity());
    expect(looksLikeRecipient(good)).toBe(true);
    for (const bad of [
      "",
      "age1",
      `${good}q`,
      good.toUpperCase(),
      good.replace("age1", "AGE-SECRET-KEY-1"),
    ]) {
      expect(looksLikeRecipient(bad)).toBe(false);
    }
    const typo = good.slice(0, -1) + (good.endsWith("q") ? "p" : "q");
    await expect(sealFor(typo, { name: "p.zip", content: new Blob(["x"]) })).rejects.toThrow();
  });
});
