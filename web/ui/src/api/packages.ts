/** The evidence package: fetched sealed, its key handed to this page alone. */
import type { PackageKey, PackageSource } from "../media/packageDownload";
import { API, as, post, seg } from "./client";
import { Problem, type ProblemBody } from "./problem";

async function sealedPackage(request: string): Promise<ReadableStream<Uint8Array>> {
  const response = await fetch(`${API}/requests/${seg(request)}/package`, {
    credentials: "same-origin",
    cache: "no-store",
  }).catch(() => {
    throw new Problem({ type: "urn:guet:unreachable" }, 0);
  });
  if (!response.ok)
    throw new Problem((await response.json().catch(() => ({}))) as ProblemBody, response.status);
  if (!response.body) throw new Problem({}, response.status);
  return response.body;
}

/** Where the package of a request comes from. */
export function packageSource(request: string): PackageSource {
  return {
    sealed: () => sealedPackage(request),
    key: (publicKey) =>
      as<PackageKey>(
        post("/requests/{request}/package/key", { path: { request }, body: { public: publicKey } }),
      ),
  };
}
