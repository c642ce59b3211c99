/** What a check found, as a code with its facts: the page words it in its language (words.ts). */

/** Facts of a finding: names, numbers, where. Shown as text, never as markup. */
export type Facts = Readonly<Record<string, string | number>>;

export interface Found {
  code: Code;
  facts: Facts;
}

/** Every sentence that the checks can end in; words.ts has one for each. */
export type Code =
  | "too-short"
  | "not-a-package"
  | "encrypted"
  | "cut"
  | "directory-unreadable"
  | "directory-altered"
  | "impossible-name"
  | "name-twice"
  | "beyond-file"
  | "not-adjacent"
  | "foreign-bytes"
  | "file-missing"
  | "file-too-large"
  | "unreadable-file"
  | "header-altered"
  | "descriptor-altered"
  | "container-ok"
  | "manifest-unreadable"
  | "manifest-not-canonical"
  | "manifest-ok"
  | "key-unreadable"
  | "note-unreadable"
  | "signature-false"
  | "signature-other"
  | "signature-known"
  | "signature-unknown"
  | "signature-unchecked"
  | "listed-missing"
  | "not-listed"
  | "wrong-order"
  | "wrong-hash"
  | "wrong-sum"
  | "files-ok"
  | "sums-differ"
  | "role-none"
  | "role-twice"
  | "seal-certificate"
  | "seal-form"
  | "seal-other"
  | "seal-false"
  | "seal-validity"
  | "seal-ok"
  | "time-none"
  | "time-unchecked"
  | "time-unreadable"
  | "time-other"
  | "time-early"
  | "time-false"
  | "time-unknown"
  | "time-ok"
  | "record-unreadable"
  | "chain-broken"
  | "chain-first"
  | "chain-other-camera"
  | "chain-edge"
  | "chain-zones"
  | "chain-commune"
  | "chain-ok"
  | "video-head"
  | "video-movie"
  | "video-start"
  | "video-empty"
  | "video-foreign"
  | "video-too-many"
  | "video-not-following"
  | "video-group"
  | "video-nal-list"
  | "video-count"
  | "video-box"
  | "video-cut"
  | "video-boxes"
  | "video-format"
  | "video-told"
  | "video-other-package"
  | "video-validity"
  | "video-certificate"
  | "video-export"
  | "video-ok"
  | "range-open"
  | "range-hole"
  | "range-hidden"
  | "range-absence"
  | "range-form"
  | "range-ok"
  | "journal-no-signature"
  | "journal-elsewhere"
  | "extraction-unproved"
  | "extraction-other"
  | "extraction-partial"
  | "extraction-ok"
  | "journal-unreadable"
  | "journal-not-signed"
  | "journal-not-included"
  | "journal-ok"
  | "journal-other-key"
  | "reading-failed";

/** The package cannot be read further: why. */
export class Refused extends Error {
  override name = "Refused";
  readonly found: Found;

  constructor(code: Code, facts: Facts = {}) {
    super(`${code} ${JSON.stringify(facts)}`);
    this.found = { code, facts };
  }
}

/** The finding in whatever was thrown; a file that the browser could not read says so. */
export function foundIn(error: unknown): Found {
  if (error instanceof Refused) return error.found;
  return { code: "reading-failed", facts: { why: error instanceof Error ? error.message : String(error) } };
}
