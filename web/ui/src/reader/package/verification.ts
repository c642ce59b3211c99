/** One package's verification as the page follows it: a worker's messages made into a report. */
import { type Check, NO_REPORT, type Report, type Signer } from "./report";
import type { Ask, Told } from "./worker";
import VerifyWorker from "./worker?worker&inline";

/** From construction to `close`; `onChange` gets each new report. */
export class Verification {
  #worker = new VerifyWorker();
  #content: Check[] = [];
  #keyed: Check[] = [];
  #signer: Signer | undefined;
  #report: Report = NO_REPORT;

  constructor(
    file: Blob,
    keys: readonly string[],
    readonly onChange: (report: Report) => void,
  ) {
    this.#worker.addEventListener("message", (event: MessageEvent<Told>) => this.#told(event.data));
    this.#worker.addEventListener("error", (event) => {
      const found = { code: "reading-failed", facts: { why: event.message } } as const;
      this.#content.push({ step: "container", ok: false, found });
      this.#change({ done: true });
    });
    this.#ask({ kind: "file", file, keys });
  }

  /** Says which keys are trusted here; only signature and journal are looked at again. */
  trust(keys: readonly string[]): void {
    this.#ask({ kind: "keys", keys });
  }

  close(): void {
    this.#worker.terminate();
  }

  #ask(ask: Ask): void {
    this.#worker.postMessage(ask);
  }

  #told(told: Told): void {
    switch (told.kind) {
      case "content":
        this.#content.push(...told.checks);
        this.#change({});
        break;
      case "keyed":
        this.#keyed = told.checks;
        this.#signer = told.signer;
        this.#change({});
        break;
      case "progress":
        this.#change({ readBytes: told.readBytes, totalBytes: told.totalBytes });
        break;
      case "done":
        this.#change({ done: true });
    }
  }

  #change(change: Partial<Report>): void {
    const checks = [...this.#content, ...this.#keyed];
    this.#report = { ...this.#report, ...change, checks, signer: this.#signer };
    this.onChange(this.#report);
  }
}
