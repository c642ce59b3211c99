import { beforeEach, expect, it, vi } from "vitest";
import { fakeServer, sessionAs } from "../test/render";
import { base64url, forgetPageKey } from "./pageKey";
import { passkeySignIn, unlockingSecret } from "./passkeys";
import { NoPasskey, NoSecret } from "./problem";

const INPUT = new Uint8Array(32).fill(7);
const SECRET = new Uint8Array(32).fill(9);

/** A browser whose one passkey answers, with or without a secret. */
class Credential {
  static secret: ArrayBuffer | undefined = SECRET.buffer;
  static asked: PublicKeyCredentialRequestOptions[] = [];
  static parseRequestOptionsFromJSON(options: object): object {
    return { ...options };
  }
  id = "aWQ";
  type = "public-key";
  response = {
    clientDataJSON: new Uint8Array([1]).buffer,
    authenticatorData: new Uint8Array([2]).buffer,
    signature: new Uint8Array([3]).buffer,
    userHandle: null,
  };
  getClientExtensionResults() {
    return { prf: { results: Credential.secret ? { first: Credential.secret } : undefined } };
  }
  toJSON() {
    return { rawId: "aWQ", clientExtensionResults: { prf: { results: { first: "secret" } } } };
  }
}

beforeEach(async () => {
  await forgetPageKey();
  Credential.asked = [];
  Credential.secret = SECRET.buffer;
  vi.stubGlobal("PublicKeyCredential", Credential);
  Object.defineProperty(navigator, "credentials", {
    configurable: true,
    value: {
      get: async ({ publicKey }: { publicKey: PublicKeyCredentialRequestOptions }) => {
        Credential.asked.push(publicKey);
        return new Credential();
      },
    },
  });
});

it("asks the passkey for its secret, and tells the secret once", async () => {
  fakeServer({
    "POST /session/unlock/options": { body: { options: {}, input: btoa(String.fromCharCode(...INPUT)) } },
  });
  const { answer, secret } = await unlockingSecret("valclair", false);
  expect(Credential.asked[0]?.extensions?.prf?.eval?.first).toEqual(INPUT);
  expect(secret).toBe(btoa(String.fromCharCode(...SECRET)));
  const response = { clientDataJSON: "AQ", authenticatorData: "Ag", signature: "Aw", userHandle: null };
  expect(answer).toEqual({ id: "aWQ", rawId: "aWQ", type: "public-key", response });
  Credential.secret = undefined;
  await expect(unlockingSecret("valclair", false)).rejects.toThrow(NoSecret);
});

it("has a challenge answered only when it ends with the hash of this page's own key", async () => {
  let hash: Uint8Array = new Uint8Array(32);
  fakeServer({
    "POST /session/passkey/options": () => ({ body: { options: { challenge: base64url(hash) } } }),
    "POST /session/passkey": { body: sessionAs("mayor") },
  });
  await expect(passkeySignIn()).rejects.toThrow(NoPasskey);
  expect(Credential.asked).toEqual([]);
  vi.spyOn(crypto.subtle, "digest").mockResolvedValue(new Uint8Array(32).fill(3).buffer);
  hash = new Uint8Array(56 + 32).fill(3);
  expect((await passkeySignIn()).person.login).toBe("maire.valclair");
  expect(Credential.asked).toHaveLength(1);
});
