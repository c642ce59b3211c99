/** The page's side of the worker that holds the keys: promises over messages. */
import type { Bytes } from "./bytes";

/** What the page asks of the worker. */
export type WorkerRequest =
  | { type: "start"; id: number }
  | { type: "keys"; id: number; permit: string; sealed: string }
  | {
      type: "open";
      id: number;
      url: string;
      camera: string;
      segment: string;
      number: number;
    }
  | { type: "forget"; id: number; segments: string[] }
  | { type: "cancel"; id: number };

/** What the worker answers, by the request's id. */
export type WorkerAnswer =
  | { type: "done"; id: number; bytes?: Bytes }
  | { type: "failed"; id: number; why: string; damaged: boolean };

/** A group or a window that could not be opened; `damaged` tells altered bytes from a failed fetch. */
export class VaultFailed extends Error {
  override name = "VaultFailed";
  constructor(
    why: string,
    readonly damaged: boolean,
  ) {
    super(why);
  }
}

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

interface Waiting {
  done: (bytes: Bytes | undefined) => void;
  failed: (error: VaultFailed) => void;
}

/** One worker, for one permit. `close` drops its keys at once and fails what still waits. */
export class ReplayVault {
  #worker: Worker;
  #waiting = new Map<number, Waiting>();
  #nextId = 1;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = (event: MessageEvent<WorkerAnswer>) => this.#settle(event.data);
    worker.onerror = () => this.close();
  }

  /** Makes the key pair of this permit; returns the 32-byte public key. */
  async start(): Promise<Bytes> {
    const key = await this.#ask({ type: "start" });
    if (key === undefined) throw new VaultFailed("no public key", false);
    return key;
  }

  /** Opens a window of keys, which stay in the worker. */
  async addKeys(permit: string, sealed: string): Promise<void> {
    await this.#ask({ type: "keys", permit, sealed });
  }

  /** Fetches and opens one group; its plaintext is an initialisation segment and one fragment. */
  async open(group: Omit<Extract<WorkerRequest, { type: "open" }>, "type" | "id">): Promise<Bytes> {
    const plain = await this.#ask({ type: "open", ...group });
    if (plain === undefined) throw new VaultFailed("no bytes", false);
    return plain;
  }

  /** Drops the keys of segments that are no longer near the position. */
  forget(segments: string[]): void {
    if (segments.length > 0) this.#ask({ type: "forget", segments }).catch(() => undefined);
  }

  /** Gives up every fetch under way: the person went elsewhere. */
  cancel(): void {
    this.#ask({ type: "cancel" }).catch(() => undefined);
  }

  /** Ends the worker: private key and group keys are gone with it. */
  close(): void {
    this.#worker.terminate();
    for (const { failed } of this.#waiting.values()) failed(new VaultFailed("closed", false));
    this.#waiting.clear();
  }

  #ask(request: WithoutId<WorkerRequest>): Promise<Bytes | undefined> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed });
      this.#worker.postMessage({ ...request, id });
    });
  }

  #settle(answer: WorkerAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.type === "done") waiting?.done(answer.bytes);
    else waiting?.failed(new VaultFailed(answer.why, answer.damaged));
  }
}

/** Starts the worker of this build. */
export function openVault(): ReplayVault {
  return new ReplayVault(new Worker(new URL("./replayWorker.ts", import.meta.url), { type: "module" }));
}
