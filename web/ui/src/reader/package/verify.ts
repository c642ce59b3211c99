/**
 * The verification of a package, from the file alone, in the order of docs/formats/package.md. What does not depend on
 * the keys that are known here is done once (`verifyContent`); signature and journal again when a key is given.
 */
import { equal, fromBase64, fromHex, sha256, toHex } from "../../proof/bytes";
import { parseCheckpoint } from "../../proof/note";
import { commitment, isIncluded, leafHash } from "../../proof/tree";
import { parseCanonical } from "./canonical";
import { type Certificate, fromPem, nameText, readCertificate } from "./certificate";
import { checkPlace, extractionProblem, type Proved, recordIn, roleProblems } from "./claims";
import { Container, MANIFEST_LIMIT_BYTES } from "./container";
import { crc32, Sha256 } from "./digest";
import { exportOf, type Sealed } from "./exportBoxes";
import {
  CERTIFICATE_FILE,
  MANIFEST_FILE,
  type Manifest,
  parseManifest,
  SEAL_FILE,
  SIGNATURE_FILE,
  SIGNER_FILE,
  SUMS_FILE,
  TIMESTAMP_FILE,
  unlisted,
} from "./manifest";
import {
  fingerprint,
  isSameKey,
  NoEd25519,
  parseVkey,
  type ReadNote,
  readNote,
  textOf,
  type Verifier,
  vkeyText,
} from "./notes";
import { UnknownAlgorithm } from "./publicKey";
import { type Code, type Facts, type Found, foundIn, Refused } from "./refused";
import type { Noted, Signer } from "./report";
import { SEAL_LIMIT_BYTES, sealedAt } from "./seal";
import { ROOTS_LIMIT_BYTES, rootsIn, stampedAt, TIMESTAMP_LIMIT_BYTES } from "./timestamp";
import { verifyStream } from "./verifyStream";

const NOTE_LIMIT_BYTES = 64 * 1024;
const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
const PROOF_LIMIT_HASHES = 64;
const SALT_BYTES = 16;
/** How far the keeper's clock may be from the authority's before one of them is called a liar. */
const CLOCKS_APART_MS = 3_600_000;

/** A package opened for reading: its container and its manifest. */
export interface Opened {
  container: Container;
  manifest: Manifest;
}

/** Steps 1 and 2 as far as nothing can be shown without them; `Refused` when the file is no package. */
export async function openPackage(file: Blob): Promise<Opened> {
  const container = await Container.open(file);
  return { container, manifest: parseManifest(await container.read(MANIFEST_FILE, MANIFEST_LIMIT_BYTES)) };
}

/** How many bytes `verifyContent` reads: every file once, every video once more against the chain. */
export function bytesToRead({ container, manifest }: Opened): number {
  const videos = manifest.streams.flatMap((stream) => stream.videos.map((video) => video.path));
  return [...manifest.files.map((file) => file.path), ...videos]
    .filter((path) => container.has(path))
    .reduce((sum, path) => sum + container.entry(path).size, 0);
}

/** All that does not depend on keys: steps 1, 2, 4 to 7. */
export async function verifyContent(
  opened: Opened,
  note: Noted,
  onBytes: (count: number) => void,
): Promise<void> {
  const { container, manifest } = opened;
  let problems = 0;
  for (const entry of container.entries) {
    const code = await container.frameProblem(entry);
    if (code === undefined) continue;
    problems += 1;
    note("container", false, { code, facts: { file: entry.name } });
  }
  if (problems === 0)
    note("container", true, { code: "container-ok", facts: { count: container.entries.length } });
  const facts = { package: manifest.package, commune: manifest.commune.name };
  note("manifest", true, { code: "manifest-ok", facts });
  await verifyFiles(opened, note, onBytes);
  const sealed = await verifySeal(container, note);
  await verifyTimestamp(opened, sealed.ms, note);
  for (const stream of manifest.streams)
    await verifyStream(container, stream, exportOf(manifest, stream, sealed), note, onBytes);
}

/** Since when the seal exists, by an authority's word; or that nobody but the commune says so. */
async function verifyTimestamp(
  { container, manifest }: Opened,
  sealedMs: number | undefined,
  note: Noted,
): Promise<void> {
  if (manifest.timestampRoots === undefined) {
    note("timestamp", true, { code: "time-none", facts: {} });
    return;
  }
  try {
    const roots = rootsIn(
      textOf(await container.read(manifest.timestampRoots, ROOTS_LIMIT_BYTES), manifest.timestampRoots),
    );
    const answer = await container.read(TIMESTAMP_FILE, TIMESTAMP_LIMIT_BYTES);
    const { ms, root } = await stampedAt(answer, await container.read(SEAL_FILE, SEAL_LIMIT_BYTES), roots);
    if (ms + CLOCKS_APART_MS < (sealedMs ?? 0))
      throw new Refused("time-early", { at: new Date(ms).toISOString() });
    const facts = { at: new Date(ms).toISOString(), whose: nameText(root.subject) };
    note("timestamp", true, { code: "time-ok", facts });
  } catch (error) {
    if (error instanceof UnknownAlgorithm) {
      note("timestamp", true, { code: "time-unchecked", facts: { file: TIMESTAMP_FILE } });
      return;
    }
    const { code, facts } = foundIn(error);
    note("timestamp", false, { code, facts: { file: TIMESTAMP_FILE, ...facts } });
  }
}

/** The commune's seal over the manifest's bytes: its certificate when it is readable, its time when it holds. */
async function verifySeal(container: Container, note: Noted): Promise<Sealed> {
  let certificate: Certificate | undefined;
  let ms: number | undefined;
  try {
    const pem = fromPem(textOf(await container.read(CERTIFICATE_FILE, NOTE_LIMIT_BYTES), CERTIFICATE_FILE));
    certificate = pem === undefined ? undefined : readCertificate(pem);
    if (certificate === undefined) throw new Refused("seal-certificate", { file: CERTIFICATE_FILE });
    const hash = await sha256(await container.read(MANIFEST_FILE, MANIFEST_LIMIT_BYTES));
    ms = sealedAt(await container.read(SEAL_FILE, SEAL_LIMIT_BYTES), certificate, hash);
    const digits = toHex(await sha256(certificate.raw)).toUpperCase();
    const facts = {
      whose: nameText(certificate.subject),
      at: new Date(ms).toISOString(),
      fingerprint: digits,
    };
    note("seal", true, { code: "seal-ok", facts });
  } catch (error) {
    const { code, facts } = foundIn(error);
    note("seal", false, { code, facts: { file: SEAL_FILE, ...facts } });
  }
  return { certificate, ms };
}

/** `SHA256SUMS` is the last file listed and says of all before it what the manifest says. */
async function isSummedUp(container: Container, manifest: Manifest): Promise<boolean> {
  const before = manifest.files.slice(0, -1);
  if (manifest.files.at(-1)?.path !== SUMS_FILE) return false;
  const told = new TextEncoder().encode(before.map((file) => `${file.sha256}  ${file.path}\n`).join(""));
  return equal(await container.read(SUMS_FILE, MANIFEST_LIMIT_BYTES), told);
}

async function verifyFiles(
  { container, manifest }: Opened,
  note: Noted,
  onBytes: (count: number) => void,
): Promise<void> {
  const order = [...manifest.files.map((file) => file.path), ...unlisted(manifest)];
  const listed = new Set(order);
  const present = container.entries.map((entry) => entry.name);
  let problems = 0;
  const wrong = (code: Code, file: string): void => {
    problems += 1;
    note("files", false, { code, facts: { file } });
  };
  for (const name of listed) if (!container.has(name)) wrong("listed-missing", name);
  for (const name of present) if (!listed.has(name)) wrong("not-listed", name);
  const outOfOrder = present.find((name, at) => order[at] !== name);
  if (problems === 0 && outOfOrder !== undefined) wrong("wrong-order", outOfOrder);
  for (const { path, sha256: told, bytes } of manifest.files) {
    if (!container.has(path)) continue;
    const digest = new Sha256();
    let crc = 0;
    for await (const piece of container.stream(path)) {
      digest.update(piece);
      crc = crc32(piece, crc);
      onBytes(piece.length);
    }
    const { size, crc: said } = container.entry(path);
    if (toHex(digest.digest()) !== told || size !== bytes || crc !== said) wrong("wrong-hash", path);
  }
  for (const { code, facts } of roleProblems(manifest)) wrong(code, String(facts.file));
  if (container.has(SUMS_FILE) && !(await isSummedUp(container, manifest))) wrong("sums-differ", SUMS_FILE);
  for (const name of unlisted(manifest)) {
    if (!container.has(name)) continue;
    const content = await container.read(name, MANIFEST_LIMIT_BYTES);
    if (crc32(content) !== container.entry(name).crc) wrong("wrong-sum", name);
  }
  if (problems === 0) note("files", true, { code: "files-ok", facts: { count: manifest.files.length } });
}

/** Step 3 with the keys that are trusted here: who signed, noted; undefined when no signature holds. */
export async function verifySignature(
  { container, manifest }: Opened,
  trusted: readonly Verifier[],
  note: Noted,
): Promise<{ signer: Signer; key: Verifier } | undefined> {
  try {
    const written = textOf(await container.read(SIGNER_FILE, NOTE_LIMIT_BYTES), SIGNER_FILE);
    const key = parseVkey(written);
    if (key === undefined || written !== `${vkeyText(key)}\n`) throw new Refused("key-unreadable");
    const said = { name: key.name, fingerprint: fingerprint(key) };
    const read = await checked(
      textOf(await container.read(SIGNATURE_FILE, NOTE_LIMIT_BYTES), SIGNATURE_FILE),
      key,
    );
    if (read === undefined) {
      note("signature", true, { code: "signature-unchecked", facts: said });
      return { signer: { ...said, known: false, checked: false }, key };
    }
    const data = await container.read(MANIFEST_FILE, MANIFEST_LIMIT_BYTES);
    const hash = toHex(await sha256(data));
    const statement = `guet/manifest/v1\n${manifest.commune.id}\n${manifest.request.id}\n${hash}\n`;
    if (!read.isSigned || read.signatures !== 1 || read.text !== statement)
      throw new Refused("signature-other");
    const known = trusted.some((each) => isSameKey(each, key));
    note("signature", true, { code: known ? "signature-known" : "signature-unknown", facts: said });
    return { signer: { ...said, known, checked: true }, key };
  } catch (error) {
    note("signature", false, foundIn(error));
    return undefined;
  }
}

async function checked(text: string, key: Verifier): Promise<ReadNote | undefined> {
  try {
    return await readNote(text, key);
  } catch (error) {
    if (error instanceof NoEd25519) return undefined;
    throw error;
  }
}

/** Step 8: each journal entry leads to a checkpoint that the same key signed. */
export async function verifyJournal(
  { container, manifest }: Opened,
  signed: { signer: Signer; key: Verifier } | undefined,
  note: Noted,
): Promise<void> {
  if (signed === undefined) {
    note("journal", false, { code: "journal-no-signature", facts: {} });
    return;
  }
  const records: Proved["record"][] = [];
  for (const { entry, proof } of manifest.journal) {
    try {
      const written = textOf(await container.read(entry, NOTE_LIMIT_BYTES), entry);
      const told = textOf(await container.read(proof, NOTE_LIMIT_BYTES), proof);
      const { found, proved, name } = await included(written, told, signed);
      checkPlace(proved, manifest, name);
      records.push(proved.record);
      note("journal", true, found);
    } catch (error) {
      const { code, facts } = foundIn(error);
      note("journal", false, { code, facts: { ...facts, file: proof } });
    }
  }
  if (!signed.signer.known && manifest.journal.length === 0) return;
  const problem = extractionProblem(manifest, records);
  note("journal", problem === undefined, problem ?? { code: "extraction-ok", facts: {} });
}

/** What an entry's proof says, when it holds; `name` is that of the key of its checkpoint, when that one signed. */
async function included(
  written: string,
  proved: string,
  { signer, key }: { signer: Signer; key: Verifier },
): Promise<{ found: Found; proved: Proved; name: string | undefined }> {
  const { record, salt } = entryIn(written);
  const cut = proved.indexOf("\n\n");
  const [header, indexLine = "", ...hashes] = proved.slice(0, cut).split("\n");
  const index = /^index (0|[1-9][0-9]*)$/.exec(indexLine)?.[1];
  const isProof =
    cut >= 0 && header === PROOF_HEADER && index !== undefined && hashes.length <= PROOF_LIMIT_HASHES;
  if (!isProof || !hashes.every(isHash)) throw new Refused("journal-unreadable");
  const path = hashes.map(fromBase64);
  const read = await checked(proved.slice(cut + 2), key);
  if (read?.isSigned === false && signer.known) throw new Refused("journal-not-signed");
  const text = read?.text ?? proved.slice(cut + 2).split("\n\n")[0] ?? "";
  const checkpoint = parseCheckpoint(text);
  if (checkpoint === null || (read !== undefined && text.split("\n").length !== 4))
    throw new Refused("journal-unreadable");
  const leaf = await leafHash(await commitment(salt, record));
  if (!(await isIncluded(leaf, Number(index), checkpoint.size, path, checkpoint.root))) {
    throw new Refused("journal-not-included");
  }
  const facts: Facts = { index: Number(index), log: checkpoint.origin };
  const isOther = read?.isSigned === false;
  return {
    found: { code: isOther ? "journal-other-key" : "journal-ok", facts },
    proved: { origin: checkpoint.origin, index: Number(index), record: recordIn(record) },
    name: isOther ? undefined : key.name,
  };
}

function entryIn(written: string): { record: string; salt: Uint8Array<ArrayBuffer> } {
  try {
    const found = parseCanonical(written) as { record: unknown; salt: unknown };
    if (
      typeof found.record === "string" &&
      typeof found.salt === "string" &&
      Object.keys(found).length === 2
    ) {
      const salt = fromHex(found.salt);
      if (salt.length === SALT_BYTES && toHex(salt) === found.salt) return { record: found.record, salt };
    }
  } catch {
    // Said below, as for any other text.
  }
  throw new Refused("journal-unreadable");
}

function isHash(text: string): boolean {
  try {
    const bytes = fromBase64(text);
    return (
      bytes.length === 32 &&
      equal(new TextEncoder().encode(btoa(String.fromCharCode(...bytes))), new TextEncoder().encode(text))
    );
  } catch {
    return false;
  }
}
