/**
 * The package on its way to the agent's disk: fetched sealed, opened here, saved by the browser.
 * The page makes a key pair for this one download; the keeper seals the package key to it and journals that it did.
 */
import { type Bytes, decodeBase64, encodeBase64 } from "./bytes";
import { generateReceiver, openHpke } from "./hpke";
import { openPackage, PACKAGE_WINDOW_INFO } from "./sealedPackage";

const TYPE = "application/zip";
const text = new TextEncoder();

/** The server's answer to `POST /requests/{request}/package/key`. */
export interface PackageKey {
  package: string;
  permit: string;
  sealed: string;
}

/** What a download needs of the server. */
export interface PackageSource {
  /** The sealed bytes, as they lie. */
  sealed(): Promise<ReadableStream<Uint8Array>>;
  /** The key, sealed to this page's public key (base64). */
  key(publicKey: string): Promise<PackageKey>;
}

/** A package that opened whole: a name to save it under, and its bytes. */
export interface OpenedPackage {
  name: string;
  content: Blob;
}

/**
 * Downloads and opens a package. Nothing is given out unless all of it opened.
 *
 * @param onBytes how many bytes have been opened so far, for a progress bar
 * @throws SealedDamaged or HpkeRefused when the package or its key was altered; whatever `source` throws
 */
export async function downloadPackage(
  source: PackageSource,
  onBytes: (opened: number) => void = () => undefined,
): Promise<OpenedPackage> {
  const receiver = await generateReceiver();
  const answer = await source.key(encodeBase64(receiver.publicKey));
  const sealedKey = decodeBase64(answer.sealed);
  const info = text.encode(PACKAGE_WINDOW_INFO);
  const key = await openHpke(receiver, sealedKey, info, text.encode(answer.permit));
  const parts: Bytes[] = [];
  let opened = 0;
  for await (const part of openPackage(await source.sealed(), answer.package, key)) {
    parts.push(part);
    opened += part.length;
    onBytes(opened);
  }
  return { name: `${answer.package}.zip`, content: new Blob(parts, { type: TYPE }) };
}

/** Hands the opened package to the browser's own download. */
export function saveBlob({ name, content }: OpenedPackage): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken the address by then; the bytes are freed with it.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
