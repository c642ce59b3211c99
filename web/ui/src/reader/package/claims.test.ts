import { describe, expect, it } from "vitest";
import { checkPlace, extractionProblem, roleProblems } from "./claims";
import { type Manifest, parseManifest } from "./manifest";

const RANGE = { from_us: 10, to_us: 30 };
const SHA = "ab".repeat(32);
const VIDEO = {
  codec: "avc1.64001F",
  first_sequence: 2,
  fps_measured: 25.0,
  from_us: 10,
  groups: 1,
  height: 1080,
  init: "proofs/a.init.mp4",
  nal_list: "proofs/a.nal-sha256",
  nal_units: 30,
  offset_90k: 0,
  path: "video/a.mp4",
  pictures: 25,
  to_us: 30,
  width: 1920,
};

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return value === 25 ? "25.0" : JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`).join()}}`;
}

function manifest(change: (content: Record<string, unknown>) => void = () => undefined): Manifest {
  const paths = [
    "video/a.mp4",
    "proofs/a.init.mp4",
    "proofs/a.nal-sha256",
    "proofs/a.chain",
    "proofs/d.json",
  ];
  const fixed = ["proofs/d.tlog-proof", "signer.pem", "LISEZMOI.txt", "LISEZMOI.pdf", "SHA256SUMS"];
  const stream = { absences: [], camera: "c1", chain: "proofs/a.chain", name: "", place: "", stream: "main" };
  const content: Record<string, unknown> = {
    build: "1",
    commune: { id: "valclair", name: "Valclair" },
    created_us: 1,
    decision: { decision: "execute", ground: null },
    files: [...paths, ...fixed].map((path) => ({ bytes: 1, path, sha256: SHA })),
    format: "guet/evidence/v1",
    journal: [{ entry: "proofs/d.json", proof: "proofs/d.tlog-proof" }],
    operator: {},
    package: "E-1",
    request: { facts: {}, id: "d-1" },
    streams: [{ ...stream, ...RANGE, videos: [VIDEO], zone_sets: [] }],
    timestamp: null,
    zone_sets: [],
  };
  change(content);
  return parseManifest(new TextEncoder().encode(canonical(content)) as Uint8Array<ArrayBuffer>);
}

const DECIDED = { act: "decide", detail: { decision: "execute", request: "d-1" } };
const EXTRACTED = { act: "export", cameras: ["c1"], reference: "d-1", ...RANGE };

describe("roles", () => {
  it("are one for each file of an honest package, sidecars among them", () => {
    expect(roleProblems(manifest())).toEqual([]);
    const withSidecar = manifest((content) => {
      (content.files as unknown[]).unshift({ bytes: 1, path: "video/a.c2pa", sha256: SHA });
    });
    expect(roleProblems(withSidecar)).toEqual([]);
  });

  it("name the file that has none, or two", () => {
    const odd = manifest((content) => {
      (content.files as unknown[]).unshift({ bytes: 1, path: "video/b.mp4", sha256: SHA });
      content.journal = [{ entry: "proofs/d.json", proof: "proofs/a.chain" }];
    });
    expect(roleProblems(odd)).toEqual([
      { code: "role-none", facts: { file: "proofs/d.tlog-proof" } },
      { code: "role-none", facts: { file: "video/b.mp4" } },
      { code: "role-twice", facts: { file: "proofs/a.chain" } },
    ]);
  });
});

describe("an extraction", () => {
  const problem = (...records: Record<string, unknown>[]) => extractionProblem(manifest(), records)?.code;

  it("is that of the journal's entries, cameras and range included", () => {
    expect(problem(DECIDED, EXTRACTED)).toBeUndefined();
    expect(problem(DECIDED)).toBe("extraction-unproved");
    expect(problem(DECIDED, EXTRACTED, EXTRACTED)).toBe("extraction-unproved");
    expect(problem({ ...DECIDED, detail: null }, EXTRACTED)).toBe("extraction-unproved");
    expect(problem({ ...DECIDED, detail: { decision: "refuse", request: "d-1" } }, EXTRACTED)).toBe(
      "extraction-other",
    );
    expect(problem(DECIDED, { ...EXTRACTED, reference: "d-2" })).toBe("extraction-other");
    expect(problem(DECIDED, { ...EXTRACTED, cameras: ["c1", "c2"] })).toBe("extraction-partial");
    expect(problem(DECIDED, { ...EXTRACTED, cameras: [] })).toBe("extraction-partial");
    expect(problem(DECIDED, { ...EXTRACTED, cameras: "c1" })).toBe("extraction-partial");
    expect(problem(DECIDED, { ...EXTRACTED, to_us: 40 })).toBe("extraction-partial");
  });
});

describe("a collection under the State's own access", () => {
  const detail = { basis: "acces_habilite", request: "d-1" };
  const opened = { act: "collect", author: { person: "p-1" }, detail };
  const extracted = { ...EXTRACTED, author: { person: "p-1" } };
  const problem = (records: Record<string, unknown>[], decision: object = {}) => {
    const made = manifest((content) => {
      content.request = { facts: { basis: "acces_habilite" }, id: "d-1" };
      content.decision = decision;
    });
    return extractionProblem(made, records)?.code;
  };

  it("is proved by the agent's own entry, and by no decision", () => {
    expect(problem([opened, extracted])).toBeUndefined();
    expect(problem([DECIDED, extracted])).toBe("extraction-unproved");
    expect(problem([opened, extracted], { decision: "execute" })).toBe("extraction-other");
    expect(problem([{ ...opened, author: { person: "p-2" } }, extracted])).toBe("extraction-other");
    expect(problem([{ ...opened, detail: { ...detail, request: "d-2" } }, extracted])).toBe(
      "extraction-other",
    );
    expect(problem([{ ...opened, detail: { request: "d-1" } }, extracted])).toBe("extraction-other");
    expect(problem([opened, { ...extracted, to_us: 40 }])).toBe("extraction-partial");
    expect(extractionProblem(manifest(), [opened, extracted])?.code).toBe("extraction-unproved");
  });
});

describe("an entry's place", () => {
  const record = { commune: "valclair", log: "2026-T4", n: 3 };
  const placed = (origin: string, more: object = {}, index = 3, name: string | null = "host/guet") => {
    checkPlace({ origin, index, record: { ...record, ...more } }, manifest(), name ?? undefined);
  };

  it("is in a log of the commune, below its host's name, where it says", () => {
    expect(() => placed("host/guet/valclair/2026-T4")).not.toThrow();
    expect(() => placed("autre/valclair/2026-T4", {}, 3, null)).not.toThrow();
    for (const origin of [
      "host/guet/brumesnil/2026-T4",
      "autre/valclair/2026-T4",
      "valclair/2026-T4",
      "x",
      "",
    ])
      expect(() => placed(origin)).toThrow();
    expect(() => placed("host/guet/valclair/2026-T4/x")).toThrow();
    expect(() => placed("host/guet/valclair/2026-T3")).toThrow();
    for (const more of [{ n: 4 }, { commune: "brumesnil" }, { log: "2026-T3" }, { n: "3" }])
      expect(() => placed("host/guet/valclair/2026-T4", more)).toThrow();
  });
});
