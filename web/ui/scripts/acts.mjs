/** Writes which calls a page signs (`src/api/acts.gen.ts`) from the contract's marks; `web/signed_calls.py` is their table. */
import { readFileSync, writeFileSync } from "node:fs";

const PREFIX = "/api/v1";
const contract = JSON.parse(readFileSync("openapi.json", "utf-8"));
const rows = Object.entries(contract.paths)
  .filter(([, ways]) => ways.post?.["x-act"])
  .map(([address, { post }]) => {
    const call = { act: post["x-act"], kind: post["x-order-kind"], digest: post["x-file-digest"] };
    return `  ${JSON.stringify(address.replace(PREFIX, ""))}: ${JSON.stringify(call)},`;
  });
if (rows.length === 0) throw new Error("the contract names no act");

writeFileSync(
  "src/api/acts.gen.ts",
  `/** Made from the contract by scripts/acts.mjs. */
export interface SignedCall {
  act: string;
  /** An order to the provisioner: its kind. */
  kind?: string;
  /** A file: the argument that its SHA-256 is. */
  digest?: string;
}

export const SIGNED_CALLS: Readonly<Record<string, SignedCall>> = {
${rows.join("\n")}
};
`,
);
