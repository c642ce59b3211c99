/** Passkey ceremonies: the server asks, the browser answers, the server judges the answer. */
import { type Bytes, decodeBase64 } from "../media/bytes";
import { as, post } from "./client";
import { newPageKey } from "./pageKey";
import { NoPasskey } from "./problem";
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

/** Makes a passkey on this device or a key, and hands it to the server under a name. */
export async function registerPasskey(label: string): Promise<void> {
  const { options } = await as<Asked<PublicKeyCredentialCreationOptionsJSON>>(
    post("/account/passkeys/options"),
  );
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const answer = await answered(navigator.credentials.create({ publicKey }));
  await post("/account/passkeys", { body: { label, answer } });
}
