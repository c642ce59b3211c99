// @vitest-environment node
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Bytes } from "../../media/bytes";
import { UnknownAlgorithm } from "./publicKey";
import type { Found } from "./refused";
import { rootsIn, stampedAt } from "./timestamp";

/** Authorities that openssl makes: their keys, how they sign, and the hash that signs. */
const EC = (curve: string) => ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`];
const RSA = ["-newkey", "rsa:2048"];
const PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"];
const KINDS: readonly [string, string[], string, string[]][] = [
  ["ECDSA on P-256", EC("P-256"), "sha256", []],
  ["ECDSA on P-384", EC("P-384"), "sha384", []],
  ["ECDSA on P-521", EC("P-521"), "sha512", []],
  ["RSA as PKCS #1 v1.5 has it", RSA, "sha512", []],
  ["RSA, certificates signed with a salt", RSA, "sha256", PSS],
];
const CONFIG = `
[own]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = DIGEST
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[ca]
basicConstraints = critical,CA:TRUE
[stamping]
extendedKeyUsage = critical,timeStamping
`;

interface Authority {
  roots: string;
  answer: (data: Bytes) => Bytes;
}

function authority(key: string[], digest: string, sigopt: string[]): Authority {
  const cwd = mkdtempSync(join(tmpdir(), "guet-tsa-"));
  const run = (...args: string[]) => execFileSync("openssl", args, { cwd, stdio: "pipe" });
  writeFileSync(join(cwd, "tsa.cnf"), CONFIG.replace("DIGEST", digest));
  writeFileSync(join(cwd, "serial"), "01\n");
  const made = (name: string, subject: string) =>
    run(
      ...["req", ...key, "-nodes", "-config", "/dev/null", "-subj", subject],
      ...["-keyout", `${name}.key`, "-out", `${name}.csr`],
    );
  const signed = ["x509", "-req", `-${digest}`, ...sigopt, "-extfile", "tsa.cnf", "-days", "3"];
  made("ca", "/CN=Root");
  run(...signed, "-in", "ca.csr", "-signkey", "ca.key", "-extensions", "ca", "-out", "ca.pem");
  made("tsa", "/CN=Stamps");
  const issued = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
  run(...signed, "-in", "tsa.csr", ...issued, "-extensions", "stamping", "-out", "tsa.pem");
  return {
    roots: readFileSync(join(cwd, "ca.pem"), "utf8"),
    answer: (data) => {
      writeFileSync(join(cwd, "data"), data);
      run("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "query");
      run("ts", "-reply", "-config", "tsa.cnf", "-section", "own", "-queryfile", "query", "-out", "answer");
      return Uint8Array.from(readFileSync(join(cwd, "answer")));
    },
  };
}

const DATA = new TextEncoder().encode("manifest.p7s");

describe("a time-stamp", () => {
  it.each(KINDS)("by %s holds, and for its bytes alone", async (_, key, digest, sigopt) => {
    const { roots, answer } = authority(key, digest, sigopt);
    const stamp = answer(DATA);
    const { ms, root } = await stampedAt(stamp, DATA, rootsIn(roots));
    expect(Math.abs(ms - Date.now())).toBeLessThan(3_600_000);
    expect(new TextDecoder().decode(root.subject)).toContain("Root");
    await expect(stampedAt(stamp, DATA.slice(1), rootsIn(roots))).rejects.toHaveProperty(
      "found.code",
      "time-other",
    );
  });

  describe("by an authority on P-256", () => {
    let own: Authority;
    let stamp: Bytes;
    beforeAll(() => {
      own = authority(EC("P-256"), "sha256", []);
      stamp = own.answer(DATA);
    });

    it("is refused, or unreadable, whichever byte is touched", async () => {
      for (let at = 0; at < stamp.length; at += 1) {
        const touched = stamp.slice();
        touched[at] = (touched[at] as number) ^ 0x41;
        const judged = stampedAt(touched, DATA, rootsIn(own.roots));
        await expect(judged, `byte ${at}`).rejects.toSatisfy(
          (error: Error & { found?: Found }) =>
            error instanceof UnknownAlgorithm || (error.found?.code ?? "").startsWith("time-"),
        );
      }
    });

    it("is not one of another root's, nor of none", async () => {
      const other = authority(EC("P-256"), "sha256", []);
      for (const roots of [rootsIn(other.roots), []])
        await expect(stampedAt(stamp, DATA, roots)).rejects.toHaveProperty("found.code", "time-unknown");
    });
  });
});
