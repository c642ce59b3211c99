/** A file sent as the bytes it is; a refusal says what the file is, and changes nothing. */
import { Problem, type ProblemBody } from "./problem";

/** Longest that an upload may take, in ms: a phone at the foot of a pole has a slow line. */
const UPLOAD_TIMEOUT_MS = 120_000;

export async function sendFile(
  path: string,
  query: Readonly<Record<string, string>>,
  file: File,
): Promise<void> {
  const address = new URL(`${path}?${new URLSearchParams(query)}`, window.location.origin);
  let response: Response;
  try {
    const request = new Request(address, {
      method: "POST",
      body: file,
      headers: { "Content-Type": file.type || "application/octet-stream" },
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
