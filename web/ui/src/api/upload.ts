/** A file sent as the bytes it is, signed by their digest; a refusal says what the file is, and changes nothing. */
import { API, seg } from "./client";
import { Problem, type ProblemBody } from "./problem";
import { signed } from "./signed";
import { fileWishOf } from "./signedCalls";
import { withStepUp } from "./stepUp";

/** Longest that an upload may take, in ms: a phone at the foot of a pole has a slow line. */
const UPLOAD_TIMEOUT_MS = 120_000;

type Texts = Readonly<Record<string, string>>;

async function sha256Of(file: File): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `path` is the address of the contract, `named` what stands in it. */
export async function sendFile(path: string, named: Texts, query: Texts, file: File): Promise<void> {
  const filled = path.replace(/{(\w+)}/g, (_, name: string) => seg(named[name] ?? ""));
  const address = new URL(`${API}${filled}?${new URLSearchParams(query)}`, window.location.origin);
  const wish = fileWishOf(path, { ...named }, { ...query }, await sha256Of(file));
  await withStepUp(async () => send(address, file, wish === undefined ? "" : await signed(wish)));
}

async function send(address: URL, file: File, statement: string): Promise<void> {
  let response: Response;
  try {
    const request = new Request(address, {
      method: "POST",
      body: file,
      headers: {
        "Content-Type": file.type || "application/octet-stream",
        ...(statement === "" ? {} : { "Guet-Statement": statement }),
      },
    });
    const signal = AbortSignal.timeout(UPLOAD_TIMEOUT_MS);
    response = await fetch(request, { signal, cache: "no-store", credentials: "same-origin" });
  } catch {
    throw new Problem({ type: "urn:guet:unreachable" }, 0);
  }
  if (response.ok) return;
  const body = (await response.json().catch(() => ({}))) as ProblemBody;
  throw new Problem(body, response.status);
}

/** The file that a form's `file` field holds. */
export function fileOf(data: FormData): File {
  const file = data.get("file");
  if (!(file instanceof File)) throw new TypeError("no file field");
  return file;
}
