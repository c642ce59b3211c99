/**
 * What a manifest claims beside the bytes it names: each file has one role, and the journal knows this very extraction.
 * Whoever builds a package has it signed unseen; the entries of the journal are the keeper's own (vms/evidence).
 */
import { type Fields, type Manifest, SUMS_FILE } from "./manifest";
import { type Found, Refused } from "./refused";

const FIXED = ["signer.pem", "LISEZMOI.txt", "LISEZMOI.pdf", SUMS_FILE];
/** The basis of what an agent of the State collects without a réquisition (vms/law/state_access.py). */
export const COLLECTED = "acces_habilite";

/** A journal entry whose inclusion holds: the origin of its log, its number there, and what its record says. */
export interface Proved {
  origin: string;
  index: number;
  record: Fields;
}

/** Files of the list that nothing of the package speaks of, or two things do. */
export function roleProblems(manifest: Manifest): Found[] {
  const videos = manifest.streams.flatMap((stream) => stream.videos);
  const roles = [
    ...FIXED,
    ...manifest.journal.flatMap(({ entry, proof }) => [entry, proof]),
    ...(manifest.timestampRoots === undefined ? [] : [manifest.timestampRoots]),
    ...manifest.streams.flatMap((stream) => [
      stream.chain,
      ...new Set(stream.videos.map(({ init }) => init)),
    ]),
    ...videos.flatMap(({ path, nalList }) => [path, nalList]),
  ];
  const known = new Set([...roles, ...videos.map(({ path }) => path.replace(/\.mp4$/, ".c2pa"))]);
  const idle = manifest.files.filter(({ path }) => !known.has(path)).map(({ path }) => path);
  const twice = new Set(roles.filter((role, at) => roles.indexOf(role) !== at));
  return [
    ...idle.sort().map((file): Found => ({ code: "role-none", facts: { file } })),
    ...[...twice].sort().map((file): Found => ({ code: "role-twice", facts: { file } })),
  ];
}

/** What a record says of itself; `Refused` when it is none. */
export function recordIn(text: string): Fields {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === "object" && found !== null && !Array.isArray(found)) return found as Fields;
  } catch {
    // Said below, as for any other text.
  }
  throw new Refused("journal-unreadable");
}

/** `Refused` unless an entry is at its place in a log of the commune; `name` is that of the key, when it signed. */
export function checkPlace(
  { origin, index, record }: Proved,
  manifest: Manifest,
  name: string | undefined,
): void {
  const mark = `/${manifest.commune.id}/`;
  const at = origin.lastIndexOf(mark);
  const [host, log] = [origin.slice(0, Math.max(at, 0)), origin.slice(at + mark.length)];
  const isOwn = at > 0 && log !== "" && !log.includes("/") && (name === undefined || name === host);
  if (!isOwn || record.commune !== manifest.commune.id || record.log !== log || record.n !== index)
    throw new Refused("journal-elsewhere", { log: origin });
}

function personOf(record: Fields | undefined): unknown {
  return (record?.author as Fields | null | undefined)?.person;
}

/** What is wrong with how decision and extraction are proved; undefined when they are this package's. */
export function extractionProblem(manifest: Manifest, records: readonly Fields[]): Found | undefined {
  const said = (act: string): Fields | undefined => {
    const found = records.filter((record) => record.act === act);
    return found.length === 1 ? found[0] : undefined;
  };
  // A collection under the State's own access needs no decision, and has none (P-73).
  const isCollected = manifest.request.facts.basis === COLLECTED;
  const ground = said(isCollected ? "collect" : "decide");
  const decided = ground?.detail as Fields | null | undefined;
  const extracted = said("export");
  if (!decided || extracted === undefined) return { code: "extraction-unproved", facts: {} };
  const isDecided = isCollected
    ? decided.basis === COLLECTED && !manifest.decision.decision && personOf(ground) === personOf(extracted)
    : decided.decision === "execute" &&
      manifest.decision.decision === "execute" &&
      (decided.ground ?? "") === (manifest.decision.ground || "");
  if (decided.request !== manifest.request.id || !isDecided || extracted.reference !== manifest.request.id)
    return { code: "extraction-other", facts: {} };
  const opened = new Set(Array.isArray(extracted.cameras) ? (extracted.cameras as unknown[]) : []);
  const given = new Set<unknown>(manifest.streams.map(({ camera }) => camera));
  const differ = [...opened.symmetricDifference(given)].map(String).sort();
  const [odd] = [
    ...differ,
    ...manifest.streams
      .filter(({ fromUs, toUs }) => fromUs !== extracted.from_us || toUs !== extracted.to_us)
      .map(({ camera }) => camera),
  ];
  return odd === undefined ? undefined : { code: "extraction-partial", facts: { camera: odd } };
}
