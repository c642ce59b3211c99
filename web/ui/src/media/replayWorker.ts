/**
 * The worker that holds the keys of a replay. The private key never leaves it, the group keys never leave it;
 * ending the worker drops them all at once.
 */
import { type Bytes, decodeBase64 } from "./bytes";
import { generateReceiver, HpkeRefused, openHpke, type Receiver } from "./hpke";
import { asFields, asText } from "./liveMessages";
import type { WorkerAnswer, WorkerRequest } from "./replayVault";
import { checkDigest, openSealed, SealedDamaged } from "./sealed";
import { groupContext, readGroup } from "./sealedGroup";

const INFO = new TextEncoder().encode("guet/key-window/v1");

/** Keys by segment, then by group number. */
const keys = new Map<string, Map<number, Bytes>>();
const fetches = new Map<number, AbortController>();
let receiver: Receiver | undefined;

const answer = (message: WorkerAnswer, transfer: Transferable[] = []): void => {
  postMessage(message, { transfer });
};

/** Opens a window: JSON `{"keys":[{"segment":name,"groups":{"0":base64,…}}]}` sealed to this worker's key. */
async function openWindow(sealed: string, permit: string): Promise<void> {
  if (receiver === undefined) throw new HpkeRefused("no key has been made yet");
  const aad = new TextEncoder().encode(permit);
  const plain = await openHpke(receiver, decodeBase64(sealed), INFO, aad);
  const document = asFields(JSON.parse(new TextDecoder().decode(plain)));
  for (const entry of Array.isArray(document.keys) ? document.keys : []) {
    const fields = asFields(entry);
    const segment = asText(fields.segment);
    const known = keys.get(segment) ?? new Map<number, Bytes>();
    for (const [number, key] of Object.entries(asFields(fields.groups))) {
      known.set(Number(number), decodeBase64(asText(key)));
    }
    keys.set(segment, known);
  }
}

async function openGroup(request: Extract<WorkerRequest, { type: "open" }>): Promise<Bytes> {
  const key = keys.get(request.segment)?.get(request.number);
  if (key === undefined) throw new HpkeRefused("no key for this group");
  const abort = new AbortController();
  fetches.set(request.id, abort);
  const response = await fetch(request.url, {
    signal: abort.signal,
    credentials: "same-origin",
    cache: "no-store",
  });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const { header, sealed } = readGroup(new Uint8Array(await response.arrayBuffer()), request.number);
  const plain = await openSealed(key, groupContext(request.camera, request.segment, request.number), sealed);
  await checkDigest(plain, header.sha256);
  return plain;
}

async function handle(request: WorkerRequest): Promise<void> {
  switch (request.type) {
    case "start":
      receiver = await generateReceiver();
      return answer({ type: "done", id: request.id, bytes: receiver.publicKey });
    case "keys":
      await openWindow(request.sealed, request.permit);
      return answer({ type: "done", id: request.id });
    case "open": {
      const plain = await openGroup(request);
      return answer({ type: "done", id: request.id, bytes: plain }, [plain.buffer]);
    }
    case "forget":
      for (const segment of request.segments) keys.delete(segment);
      return answer({ type: "done", id: request.id });
    case "cancel":
      for (const abort of fetches.values()) abort.abort();
      return answer({ type: "done", id: request.id });
  }
}

addEventListener("message", (event: MessageEvent<WorkerRequest>) => {
  const { id } = event.data;
  handle(event.data)
    .catch((error: unknown) => {
      const damaged = error instanceof SealedDamaged || error instanceof HpkeRefused;
      answer({ type: "failed", id, why: error instanceof Error ? error.message : String(error), damaged });
    })
    .finally(() => fetches.delete(id));
});
