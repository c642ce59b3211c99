/** What a verification found, check by check, and the verdict; the steps and their order are docs/formats/package.md's. */
import type { Found } from "./refused";

export type Step =
  | "container"
  | "manifest"
  | "signature"
  | "files"
  | "seal"
  | "timestamp"
  | "chain"
  | "video"
  | "range"
  | "journal";

/** One thing that was checked. */
export interface Check {
  step: Step;
  ok: boolean;
  found: Found;
}

/** Notes a check. */
export type Noted = (step: Step, ok: boolean, found: Found) => void;

/** `unchecked`: this browser cannot check signatures; all else holds. */
export type Verdict = "checking" | "authentic" | "unknown" | "unchecked" | "altered";

/** Who signed, as far as it is known. */
export interface Signer {
  name: string;
  fingerprint: string;
  known: boolean;
  checked: boolean;
}

/** All that the page shows of a verification. */
export interface Report {
  checks: readonly Check[];
  signer: Signer | undefined;
  done: boolean;
  readBytes: number;
  totalBytes: number;
}

export const NO_REPORT: Report = { checks: [], signer: undefined, done: false, readBytes: 0, totalBytes: 0 };

/** One failed check is enough for "altered", whatever is still to come. */
export function verdictOf({ checks, signer, done }: Report): Verdict {
  if (checks.some(({ ok }) => !ok)) return "altered";
  if (!done || signer === undefined) return "checking";
  if (!signer.checked) return "unchecked";
  return signer.known ? "authentic" : "unknown";
}
