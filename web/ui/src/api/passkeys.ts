/** Passkey ceremonies: the server asks, the browser answers, the server judges the answer. */
import { type Bytes, decodeBase64, encodeBase64 } from "../media/bytes";
import { as, post } from "./client";
import { base64url, newPageKey } from "./pageKey";
import { NoPasskey, NoSecret } from "./problem";
import { opened, type Session } from "./session";

interface Asked<O> {
  options: O;
}

/** Whether this browser can answer in the JSON form; where it cannot, no passkey is offered. */
export function passkeysHere(): boolean {
  return typeof PublicKeyCredential === "function" && "parseRequestOptionsFromJSON" in PublicKeyCredential;
}

async function answered(question: Promise<Credential | null>): Promise<Record<string, unknown>> {
  try {
    const credential = await question;
    if (credential instanceof PublicKeyCredential) return { ...credential.toJSON() };
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
  throw new NoPasskey();
}

const prove = ({ options }: Asked<PublicKeyCredentialRequestOptionsJSON>) =>
  answered(
    navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }),
  );

/** Whether a challenge ends with this hash. */
function names(challenge: string, hash: Bytes): boolean {
  const end = decodeBase64(challenge).slice(-hash.length);
  return hash.length === 0 || (end.length === hash.length && end.every((byte, at) => byte === hash[at]));
}

/** Signs in with a passkey, for a fresh key of this page; nobody has to type who they are. */
export async function passkeySignIn(): Promise<Session> {
  const key = await newPageKey();
  const asked = await as<Asked<PublicKeyCredentialRequestOptionsJSON>>(
    post("/session/passkey/options", { body: { key: key.publicKey } }),
  );
  // The authenticator signs the challenge: it must name this page's key, and no other.
  if (!names(asked.options.challenge, key.hash)) throw new NoPasskey();
  const answer = await prove(asked);
  const body = { answer, key: key.publicKey };
  return opened(key, await as<Session>(post("/session/passkey", { body })));
}

/** Confirms with a passkey in place of the password. */
export async function passkeyStepUp(): Promise<Session> {
  const answer = await prove(await as(post("/session/step-up/passkey/options")));
  return as<Session>(post("/session/step-up/passkey", { body: { answer } }));
}

/** An answer without its extensions, which `toJSON` would tell along with it: the secret is told once. */
function assertionOf({ id, type, response }: PublicKeyCredential): Record<string, unknown> {
  const told = response as AuthenticatorAssertionResponse;
  const text = (buffer: ArrayBuffer | null): string =>
    base64url(new Uint8Array(buffer ?? new ArrayBuffer(0)));
  return {
    id,
    rawId: id,
    type,
    response: {
      clientDataJSON: text(told.clientDataJSON),
      authenticatorData: text(told.authenticatorData),
      signature: text(told.signature),
      userHandle: told.userHandle ? text(told.userHandle) : null,
    },
  };
}

/** Has a holder's passkey compute what unlocks a commune's key; `adding` asks any passkey of theirs (WebAuthn, PRF). */
export async function unlockingSecret(
  commune: string,
  adding: boolean,
): Promise<{ answer: Record<string, unknown>; secret: string }> {
  const { options, input } = await as<{ options: PublicKeyCredentialRequestOptionsJSON; input: string }>(
    post("/session/unlock/options", { body: { commune, adding } }),
  );
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  publicKey.extensions = { prf: { eval: { first: decodeBase64(input) } } };
  const credential = await navigator.credentials.get({ publicKey }).catch(() => null);
  if (!(credential instanceof PublicKeyCredential)) throw new NoPasskey();
  const secret = credential.getClientExtensionResults().prf?.results?.first;
  if (!(secret instanceof ArrayBuffer)) throw new NoSecret();
  return { answer: assertionOf(credential), secret: encodeBase64(new Uint8Array(secret)) };
}

/** Makes a passkey on this device or a key, and hands it to the server under a name. */
export async function registerPasskey(label: string): Promise<void> {
  const { options } = await as<Asked<PublicKeyCredentialCreationOptionsJSON>>(
    post("/account/passkeys/options"),
  );
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const answer = await answered(navigator.credentials.create({ publicKey }));
  await post("/account/passkeys", { body: { label, answer } });
}
