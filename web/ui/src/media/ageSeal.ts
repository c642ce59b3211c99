/** A package encrypted to a service's own key, so that only that service opens it (C2SP age). */
import { Encrypter } from "age-encryption";
import type { OpenedPackage } from "./packageDownload";

/** As `age-keygen` prints it: a Bech32 X25519 recipient. */
const RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/;

/** Whether it reads like an age recipient; its checksum is checked when it is used. */
export function looksLikeRecipient(recipient: string): boolean {
  return RECIPIENT.test(recipient);
}

/** The package as an age file, to one recipient; throws when the recipient's checksum is wrong. */
export async function sealFor(recipient: string, opened: OpenedPackage): Promise<OpenedPackage> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const sealed = await encrypter.encrypt(opened.content.stream());
  return { name: `${opened.name}.age`, content: await new Response(sealed).blob() };
}
