/** The verification beside the page, so that hours of footage never hold it up. */

import { parseVkey, type Verifier } from "./notes";
import { foundIn } from "./refused";
import type { Check, Signer } from "./report";
import {
  bytesToRead,
  type Opened,
  openPackage,
  verifyContent,
  verifyJournal,
  verifySignature,
} from "./verify";

/** What the page asks: verify this file, then again with these keys. */
export type Ask =
  | { kind: "file"; file: Blob; keys: readonly string[] }
  | { kind: "keys"; keys: readonly string[] };

/** What it is told: checks that hold whatever the keys, those that depend on them, how far it is. */
export type Told =
  | { kind: "content"; checks: Check[] }
  | { kind: "keyed"; checks: Check[]; signer: Signer | undefined }
  | { kind: "progress"; readBytes: number; totalBytes: number }
  | { kind: "done" };

const TELL_EVERY_MS = 100;

let opened: Opened | undefined;

function tell(message: Told): void {
  self.postMessage(message);
}

async function keyed(package_: Opened, keys: readonly string[]): Promise<void> {
  const trusted = keys.map(parseVkey).filter((key): key is Verifier => key !== undefined);
  const checks: Check[] = [];
  const note = (step: Check["step"], ok: boolean, found: Check["found"]): void => {
    checks.push({ step, ok, found });
  };
  const signed = await verifySignature(package_, trusted, note);
  await verifyJournal(package_, signed, note);
  tell({ kind: "keyed", checks, signer: signed?.signer });
}

async function content(package_: Opened): Promise<void> {
  const totalBytes = bytesToRead(package_);
  let readBytes = 0;
  let toldMs = 0;
  const checks: Check[] = [];
  const onBytes = (count: number): void => {
    readBytes += count;
    if (performance.now() - toldMs < TELL_EVERY_MS) return;
    toldMs = performance.now();
    tell({ kind: "progress", readBytes, totalBytes });
  };
  await verifyContent(
    package_,
    (step, ok, found) => {
      checks.push({ step, ok, found });
      tell({ kind: "content", checks: [{ step, ok, found }] });
    },
    onBytes,
  );
  tell({ kind: "progress", readBytes: totalBytes, totalBytes });
}

self.addEventListener("message", (event: MessageEvent<Ask>) => {
  void answer(event.data);
});

async function answer(ask: Ask): Promise<void> {
  try {
    if (ask.kind === "keys") {
      if (opened !== undefined) await keyed(opened, ask.keys);
      return;
    }
    opened = await openPackage(ask.file);
    await keyed(opened, ask.keys);
    await content(opened);
  } catch (error) {
    tell({ kind: "content", checks: [{ step: "container", ok: false, found: foundIn(error) }] });
  }
  if (ask.kind === "file") tell({ kind: "done" });
}
